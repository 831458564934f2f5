-- One incident per cause.
CREATE TABLE incidents
(
    incident_id String,
    revision UInt64,
    flow LowCardinality(String),
    stage LowCardinality(String),
    cause String,
    title String,
    severity LowCardinality(String),                   -- info, warning, critical
    status LowCardinality(String),                     -- open, acknowledged, resolved
    owner LowCardinality(String),
    assignee String,
    runbook LowCardinality(String),
    opened_at DateTime64(3, 'UTC'),
    updated_at DateTime64(3, 'UTC'),
    resolved_at Nullable(DateTime64(3, 'UTC')),
    acknowledged_by String,
    acknowledged_until Nullable(DateTime64(3, 'UTC')), -- the next member's deadline ends the acknowledgement
    next_due_at Nullable(DateTime64(3, 'UTC')),
    members UInt32,                                    -- transactions in it now
    members_total UInt32,                              -- transactions that were ever in it
    breached UInt32,
    value Map(LowCardinality(String), Float64),        -- money at risk by currency, of the members in it now
    penalty Map(LowCardinality(String), Float64),      -- what their lateness costs so far, by currency
    customers Array(String),
    plants Array(String)
)
ENGINE = ReplacingMergeTree(revision)
ORDER BY incident_id
