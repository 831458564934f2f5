-- The current state of each transaction: a fold of its events that does not depend on their order.
CREATE TABLE transactions
(
    flow LowCardinality(String),
    transaction_id String,                             -- sorts by time of first sight
    revision UInt64,                                   -- rises with every change; stages read "revision > cursor"
    reference String,                                  -- the identifier people know it by: the flow's first key type that is known
    keys Map(LowCardinality(String), Array(String)),
    state LowCardinality(String),                      -- open, completed, cancelled, merged
    stage LowCardinality(String),                      -- the milestone reached last, in the flow's order
    started_at DateTime64(3, 'UTC'),
    updated_at DateTime64(3, 'UTC'),                   -- latest event time
    ended_at Nullable(DateTime64(3, 'UTC')),
    first_at Map(LowCardinality(String), DateTime64(3, 'UTC')),     -- per milestone: earliest event
    last_at Map(LowCardinality(String), DateTime64(3, 'UTC')),      -- per milestone: latest event
    reached Map(LowCardinality(String), Array(Tuple(type LowCardinality(String), value String, at DateTime64(3, 'UTC')))),
                                                       -- per milestone: earliest time of each value of a key of relation many
    facts Map(LowCardinality(String), String),         -- per fact: the latest by event time
    failed_milestone LowCardinality(String),           -- latest failure that nothing later has overcome, or empty
    failed_stage LowCardinality(String),
    failed_at Nullable(DateTime64(3, 'UTC')),
    cause String,
    merged_into String,
    events UInt32,
    customer String MATERIALIZED facts['customer'],    -- the two facts that lists and key figures choose by
    plant LowCardinality(String) MATERIALIZED facts['plant'],
    INDEX revisions revision TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(revision)
ORDER BY (flow, transaction_id)
SETTINGS index_granularity = 1024
