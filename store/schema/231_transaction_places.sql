-- The two facts that lists and key figures choose by, apart from the map that holds all facts.
ALTER TABLE transactions
    ADD COLUMN IF NOT EXISTS customer String MATERIALIZED facts['customer'],
    ADD COLUMN IF NOT EXISTS plant LowCardinality(String) MATERIALIZED facts['plant']
