-- Clocks of a store that is older than decided_clocks. Repeatable: a revision is kept once.
INSERT INTO decided_clocks (flow, transaction_id, sla, revision, gone, decided_at, outcome, customer, plant)
SELECT
    flow, transaction_id, sla, revision,
    removed OR due_at IS NULL OR verdict NOT IN ('met', 'met_late', 'breached', 'unknown') AS gone,
    if(gone, toDateTime64(0, 3, 'UTC'), least(ifNull(stopped_at, assumeNotNull(due_at)), assumeNotNull(due_at))) AS decided_at,
    multiIf(verdict = 'unknown', 'unknown', stopped_at <= due_at, 'met', 'missed') AS outcome,
    customer, plant
FROM clocks FINAL
WHERE NOT gone
