-- What was received under the key of each event, in three numbers: whether a slice's events say something else under a key that is known is
-- asked after every slice, and must not read the events themselves. Two keys of one hash cost a look at the events, no more.
CREATE TABLE event_contents
(
    key UInt64,                                        -- sipHash64 of event_source and id
    content UInt64,                                    -- sipHash64 of content_hash
    slice UInt64,
    received_at DateTime('UTC'),
    INDEX slices slice TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(received_at)
ORDER BY (key, content)
SETTINGS index_granularity = 256
