-- What the engine goes by: a row for each catalog it took and for each changed one it refused. Kept for ever: verdicts name their version.
CREATE TABLE catalogs
(
    version String,                    -- as clocks.contract_version begins with; '' where it was refused
    definitions String CODEC(ZSTD(3)), -- the catalog as JSON, without channels and credentials; '' where it was refused
    problem String,                    -- why it was refused; '' where it was taken
    looked_at DateTime64(3, 'UTC'),
    revision UInt64
)
ENGINE = MergeTree
ORDER BY revision
