-- Since when each source is expected to be heard: the moment an engine first ran with a catalog that said so. Without since: not any more.
CREATE TABLE expected_sources
(
    source String,
    since Nullable(DateTime64(3, 'UTC')),
    silent_since Nullable(DateTime64(3, 'UTC')),       -- by its rhythm and calendar; NULL: it is heard
    revision UInt64
)
ENGINE = ReplacingMergeTree(revision)
ORDER BY source
