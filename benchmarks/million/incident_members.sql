-- One incident per flow, milestone awaited and cause of what is late, as the alert stage groups them; the largest hold thousands.
INSERT INTO incident_members
SELECT lower(hex(sipHash128(flow, stage, cause))), flow, transaction_id, sla, 1, reference, verdict, due_at, value, currency, customer, plant, verdict_at, NULL
FROM clocks FINAL
WHERE verdict IN ('at_risk', 'breached', 'unknown') AND NOT removed
