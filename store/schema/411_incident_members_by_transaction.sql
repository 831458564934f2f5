-- Which incidents hold a transaction.
ALTER TABLE incident_members ADD INDEX IF NOT EXISTS transactions transaction_id TYPE bloom_filter(0.01) GRANULARITY 1
