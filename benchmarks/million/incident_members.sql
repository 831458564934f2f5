-- One incident per flow, milestone awaited and cause of what is late, as the alert stage groups them; the largest hold thousands.
INSERT INTO incident_members (incident_id, flow, transaction_id, sla, revision, reference, verdict, due_at, value, currency, penalty, customer, plant, joined_at, left_at)
SELECT lower(hex(sipHash128(flow, stage, cause))), flow, transaction_id, sla, 1, reference, verdict, due_at, value, currency, penalty, customer, plant, verdict_at, NULL
FROM clocks FINAL
WHERE verdict IN ('at_risk', 'breached', 'unknown') AND NOT removed
