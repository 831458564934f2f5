-- What people did: acknowledge, assign, silence, replay. Append only.
CREATE TABLE actions
(
    at DateTime64(3, 'UTC'),
    actor String,
    action LowCardinality(String),
    target String,
    detail String,
    revision UInt64                                    -- tells what of them the journal has
)
ENGINE = MergeTree
ORDER BY at
