-- Input kept because it could not be used; one row per quarantine_id. body is the raw bytes, so that it can be sent again.
CREATE TABLE quarantine
(
    slice UInt64,
    quarantine_id String,
    source LowCardinality(String),
    received_at DateTime64(3, 'UTC'),
    lane LowCardinality(String),
    kind LowCardinality(String),                       -- what the sender meant it to be: traces, logs, metrics, event, webhook, message
    reason LowCardinality(String),
    message String,
    content_type LowCardinality(String),
    body String,
    detail String,                                     -- JSON object: what else is known (encoding, peer, segment, record …)
    precedence UInt64 MATERIALIZED bitNot(slice)
)
ENGINE = ReplacingMergeTree(precedence)
PARTITION BY toYYYYMM(received_at)
ORDER BY quarantine_id
