-- The clocks that are decided, in the few columns key figures count: when, and how. Ordered by transaction, so that one pass counts
-- transactions without sets. Follows clocks; FINAL leaves out what is gone = 1.
CREATE TABLE decided_clocks
(
    flow LowCardinality(String),
    transaction_id String,
    sla LowCardinality(String),
    revision UInt64,
    gone UInt8,                                        -- 1: not decided (any more)
    decided_at DateTime64(3, 'UTC'),                   -- the milestone was reached in time, or its deadline passed
    outcome Enum8('met' = 1, 'missed' = 2, 'unknown' = 3),
    customer LowCardinality(String),
    plant LowCardinality(String),
    INDEX decided decided_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(revision, gone)
ORDER BY (flow, transaction_id, sla)
