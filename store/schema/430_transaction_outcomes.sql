-- How the clocks of each transaction were decided, one row a transaction: what key figures count. Written from clocks by the engine within
-- seconds; a row holds what was known when "revision" was the latest of the clocks.
CREATE TABLE transaction_outcomes
(
    flow LowCardinality(String),
    transaction_id String,
    revision UInt64,
    last_at DateTime('UTC'),                           -- the latest of decided_at; 1970: none is decided
    slas Array(LowCardinality(String)),                -- three arrays of one length, an element a decided clock
    decided_at Array(DateTime('UTC')),                 -- the milestone was reached in time, or its deadline passed
    outcomes Array(UInt8),                             -- 1 met, 2 missed, 3 unknown
    customer LowCardinality(String),
    plant LowCardinality(String),
    INDEX lasts last_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(revision)
ORDER BY (flow, transaction_id)
