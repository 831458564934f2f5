INSERT INTO incidents (incident_id, revision, flow, stage, cause, title, severity, status, owner, runbook, opened_at, updated_at, next_due_at,
    members, members_total, breached, value, customers, plants)
SELECT
    lower(hex(sipHash128(flow, stage, cause))), 1, flow, stage, cause, concat(stage, ' is late: ', cause),
    if(countIf(verdict = 'breached') > 0, 'critical', 'warning'), 'open', 'order-management', 'order-stuck-in-middleware', min(verdict_at),
    max(verdict_at), max(due_at), uniqExact(transaction_id), uniqExact(transaction_id), countIf(verdict = 'breached'),
    sumMap(map(currency, clocks.value)), groupUniqArray(customer), groupUniqArray(plant)
FROM clocks FINAL
WHERE verdict IN ('at_risk', 'breached', 'unknown') AND NOT removed
GROUP BY flow, stage, cause
