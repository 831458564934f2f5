-- What the lateness of the members in it now costs so far, by currency.
ALTER TABLE incidents ADD COLUMN IF NOT EXISTS penalty Map(LowCardinality(String), Float64) AFTER value
