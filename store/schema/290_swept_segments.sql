-- Journal segments that were deleted once they were loaded: what a rebuild cannot bring back.
CREATE TABLE swept_segments
(
    segment String,                                    -- collector/lane/number
    lane LowCardinality(String),
    records UInt64,
    signals Map(LowCardinality(String), UInt64),       -- per kind
    first_at DateTime64(3, 'UTC'),                     -- receipt of its first record
    last_at DateTime64(3, 'UTC'),                      -- and of its last one
    revision UInt64
)
ENGINE = ReplacingMergeTree(revision)
ORDER BY segment
