-- What people did: acknowledge, assign, silence, replay. Append only.
CREATE TABLE actions
(
    at DateTime64(3, 'UTC'),
    actor String,
    action LowCardinality(String),
    target String,
    detail String
)
ENGINE = MergeTree
ORDER BY at
