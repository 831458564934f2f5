-- Keeps open_clocks in step with clocks.
CREATE MATERIALIZED VIEW follow_open_clocks TO open_clocks AS
SELECT flow, sla, transaction_id, revision, removed OR verdict NOT IN ('running', 'at_risk', 'breached', 'paused', 'unknown') AS gone, reference, stage,
    started_at, warn_at, due_at, verdict, owner, value, currency, customer, plant
FROM clocks
