-- What the store has lost and what of it came back: a row a table and discovery.
CREATE TABLE losses
(
    loss_id String,
    table_name LowCardinality(String),
    parts Array(String),
    lost_rows UInt64,                                  -- as the parts held them, replaced ones too
    first_at DateTime64(3, 'UTC'),                     -- receipt of the first and of the last of them; 1970: not known
    last_at DateTime64(3, 'UTC'),
    found_at DateTime64(3, 'UTC'),
    mended_at Nullable(DateTime64(3, 'UTC')),          -- when all that the journal has was back; NULL: not yet
    missing_rows UInt64,                               -- those of lost_rows that are not back
    missing String,                                    -- what could not be brought back, in sentences
    revision UInt64
)
ENGINE = ReplacingMergeTree(revision)
ORDER BY loss_id
