-- Which transaction a business identifier names. A merge writes the old pair again with active = 0, and the id that went as a key of
-- type '@merged', so that every id ever given resolves to the transaction that survived.
CREATE TABLE transaction_keys
(
    key_value String,
    key_type LowCardinality(String),
    flow LowCardinality(String),
    transaction_id String,
    active UInt8,
    revision UInt64,
    INDEX transactions transaction_id TYPE bloom_filter(0.01) GRANULARITY 8
)
ENGINE = ReplacingMergeTree(revision)
ORDER BY (key_value, key_type, flow, transaction_id)
SETTINGS index_granularity = 256
