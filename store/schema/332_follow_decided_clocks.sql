-- Keeps decided_clocks in step with clocks. A clock's first version has nothing to take back.
CREATE MATERIALIZED VIEW follow_decided_clocks TO decided_clocks AS
SELECT
    flow, transaction_id, sla, revision,
    removed OR due_at IS NULL OR verdict NOT IN ('met', 'met_late', 'breached', 'unknown') AS gone,
    if(gone, toDateTime64(0, 3, 'UTC'), least(ifNull(stopped_at, assumeNotNull(due_at)), assumeNotNull(due_at))) AS decided_at,
    multiIf(verdict = 'unknown', 'unknown', stopped_at <= due_at, 'met', 'missed') AS outcome,
    customer, plant
FROM clocks
WHERE NOT gone OR verdict_version > 1
