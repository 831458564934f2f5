-- Revisions below "reserved" may have been given out. One row, so that a restart never repeats a number.
CREATE TABLE revision_blocks
(
    name LowCardinality(String),
    reserved UInt64
)
ENGINE = ReplacingMergeTree(reserved)
ORDER BY name
