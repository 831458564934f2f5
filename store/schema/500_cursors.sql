-- How far each stage has read; written after the stage's output.
CREATE TABLE cursors
(
    stage LowCardinality(String),
    position UInt64,
    revision UInt64,
    updated_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(revision)
ORDER BY stage
