-- Every version of every verdict: appended, never rewritten.
CREATE TABLE verdicts
(
    flow LowCardinality(String),
    sla LowCardinality(String),
    transaction_id String,
    version UInt32,
    revision UInt64,
    verdict LowCardinality(String),
    previous LowCardinality(String),
    decided_at DateTime64(3, 'UTC'),                   -- by our clock
    started_at DateTime64(3, 'UTC'),
    due_at Nullable(DateTime64(3, 'UTC')),
    stopped_at Nullable(DateTime64(3, 'UTC')),
    contract_version String,
    reason String,                                     -- one sentence a person can check
    value Float64,
    currency LowCardinality(String)
)
ENGINE = ReplacingMergeTree(revision)
ORDER BY (flow, sla, transaction_id, version)
