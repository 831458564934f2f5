-- The outbox: the intent is stored before the first attempt; the id is the same in every attempt.
CREATE TABLE deliveries
(
    delivery_id String,
    revision UInt64,
    incident_id String,
    channel LowCardinality(String),
    notifier LowCardinality(String),
    reason LowCardinality(String),                     -- opened, grown, worsened, rearmed, repeated, resolved
    state LowCardinality(String),                      -- pending, sent, failed, superseded
    severity LowCardinality(String),
    message String,                                    -- JSON of the rendered message
    attempts UInt32,
    next_attempt_at DateTime64(3, 'UTC'),
    created_at DateTime64(3, 'UTC'),
    finished_at Nullable(DateTime64(3, 'UTC')),
    error String
)
ENGINE = ReplacingMergeTree(revision)
ORDER BY delivery_id
