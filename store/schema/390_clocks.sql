-- One SLA running for one transaction. A restart re-arms every clock from next_at.
CREATE TABLE clocks
(
    flow LowCardinality(String),
    sla LowCardinality(String),
    transaction_id String,
    revision UInt64,
    reference String,
    stage LowCardinality(String),                      -- the milestone awaited (the SLA's `to`)
    started_at DateTime64(3, 'UTC'),
    warn_at Nullable(DateTime64(3, 'UTC')),            -- NULL: no due time could be worked out (verdict unknown)
    due_at Nullable(DateTime64(3, 'UTC')),
    stopped_at Nullable(DateTime64(3, 'UTC')),
    paused Array(Tuple(from DateTime64(3, 'UTC'), to Nullable(DateTime64(3, 'UTC')))),
    contract_version String,                           -- catalog version and target that set the limit
    verdict LowCardinality(String),                    -- running, at_risk, breached, met, met_late, paused, cancelled, unknown
    previous LowCardinality(String),                   -- the verdict of the row before, empty at first
    verdict_version UInt32,
    verdict_at DateTime64(3, 'UTC'),
    next_at Nullable(DateTime64(3, 'UTC')),            -- when silence alone changes the verdict; NULL: never
    cause String,
    severity LowCardinality(String),
    owner LowCardinality(String),
    runbook LowCardinality(String),
    value Float64,                                     -- money at risk
    currency LowCardinality(String),
    penalty Float64,
    customer String,
    plant LowCardinality(String),
    removed UInt8,                                     -- 1: the clock no longer exists (its transaction merged or its start vanished)
    INDEX revisions revision TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(revision)
ORDER BY (flow, sla, transaction_id)
SETTINGS index_granularity = 1024
