-- The clocks that have not ended, in the few columns the board asks for every few seconds: its reads must not grow with history. Follows
-- clocks; FINAL leaves out what is gone = 1, and the engine removes it now and then.
CREATE TABLE open_clocks
(
    flow LowCardinality(String),
    sla LowCardinality(String),
    transaction_id String,
    revision UInt64,
    gone UInt8,                                        -- 1: the clock has ended or no longer exists
    reference String,
    stage LowCardinality(String),
    started_at DateTime64(3, 'UTC'),
    warn_at Nullable(DateTime64(3, 'UTC')),
    due_at Nullable(DateTime64(3, 'UTC')),
    verdict LowCardinality(String),
    owner LowCardinality(String),
    value Float64,
    currency LowCardinality(String),
    customer String,
    plant LowCardinality(String)
)
ENGINE = ReplacingMergeTree(revision, gone)
ORDER BY (flow, sla, transaction_id)
SETTINGS index_granularity = 1024, allow_experimental_replacing_merge_with_cleanup = 1
