-- Fills open_clocks, emptied before, from the clocks that are there.
INSERT INTO open_clocks (
    flow, sla, transaction_id, revision, gone, reference, stage, started_at, warn_at, due_at, verdict, owner, value, currency, customer, plant
)
SELECT
    flow, sla, transaction_id, revision, removed OR verdict NOT IN ('running', 'at_risk', 'breached', 'paused', 'unknown') AS gone,
    reference, stage, started_at, warn_at, due_at, verdict, owner, value, currency, customer, plant
FROM clocks FINAL
WHERE NOT gone
