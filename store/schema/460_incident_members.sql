-- Every transaction an incident holds or held.
CREATE TABLE incident_members
(
    incident_id String,
    flow LowCardinality(String),
    transaction_id String,
    sla LowCardinality(String),                        -- empty: a failure without an SLA
    revision UInt64,
    reference String,
    verdict LowCardinality(String),                    -- at_risk, breached, failed; resolved members keep what ended it
    due_at Nullable(DateTime64(3, 'UTC')),
    value Float64,
    currency LowCardinality(String),
    penalty Float64,                                   -- what its lateness cost when the row was written
    customer String,
    plant LowCardinality(String),
    joined_at DateTime64(3, 'UTC'),
    left_at Nullable(DateTime64(3, 'UTC')),
    INDEX transactions transaction_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(revision)
ORDER BY (incident_id, flow, transaction_id, sla)
