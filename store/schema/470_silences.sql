-- Incidents that match stay visible and are not notified until ends_at.
CREATE TABLE silences
(
    silence_id String,
    revision UInt64,
    flow String,                                       -- empty matches all
    stage String,
    cause String,
    incident_id String,
    starts_at DateTime64(3, 'UTC'),
    ends_at DateTime64(3, 'UTC'),
    created_by String,
    reason String,
    removed UInt8
)
ENGINE = ReplacingMergeTree(revision)
ORDER BY silence_id
