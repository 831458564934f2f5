-- 5,000 that are over, twenty members each.
INSERT INTO incidents (incident_id, revision, flow, stage, cause, title, severity, status, owner, runbook, opened_at, updated_at, resolved_at, members_total)
SELECT
    leftPad(toString(number), 32, '0'), 1, {flow:String}, {stage:String}, concat('CAUSE_', toString(number)), concat('Booked is late: CAUSE_', toString(number)),
    'critical', 'resolved', 'order-management', 'order-stuck-in-middleware', fromUnixTimestamp64Milli({now:Int64} - toInt64(number + 1) * 1500000, 'UTC') AS opened, opened, opened + 3600, 20
FROM numbers(5000)
