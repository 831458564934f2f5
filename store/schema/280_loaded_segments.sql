-- How far each journal segment is loaded; written after the slice is in. position is the last record's id, sums are over the segment.
CREATE TABLE loaded_segments
(
    segment String,                                    -- collector/lane/number
    lane LowCardinality(String),
    position UInt64,
    records UInt64,                                    -- records read, the damaged ones too
    signals Map(LowCardinality(String), UInt64),       -- per kind: signals acknowledged with those records
    damaged UInt64,                                    -- records that could not be read
    refused UInt64,                                    -- records the store could not take; they are in quarantine
    refused_signals UInt64,
    slice UInt64,
    updated_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(slice)
ORDER BY segment
