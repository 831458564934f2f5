-- The delivery log: one row per attempt.
CREATE TABLE delivery_attempts
(
    delivery_id String,
    attempt UInt32,
    incident_id String,
    channel LowCardinality(String),
    attempted_at DateTime64(3, 'UTC'),
    outcome LowCardinality(String),                    -- sent, retry, failed
    detail String,
    revision UInt64                                    -- tells what of them the journal has
)
ENGINE = ReplacingMergeTree
ORDER BY (delivery_id, attempt)
