-- How many signals each source sent in each hour, and when the last one came. Counts what was written: a signal that came twice counts twice.
CREATE TABLE source_hours
(
    hour DateTime('UTC'),
    source LowCardinality(String),
    kind LowCardinality(String),                       -- spans, logs, metrics, events, quarantine
    signals SimpleAggregateFunction(sum, UInt64),
    last_at SimpleAggregateFunction(max, DateTime64(3, 'UTC'))
)
ENGINE = AggregatingMergeTree
ORDER BY (hour, source, kind)
