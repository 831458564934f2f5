-- with {}
-- Unresolved incidents, worst first.
WITH (
    SELECT groupArray((flow, stage, cause, incident_id, ends_at))
    FROM silences FINAL
    WHERE removed = 0 AND ends_at > {now:DateTime64(3, 'UTC')}
) AS silences
SELECT
    incident_id, flow, title, severity, status, owner, assignee, runbook, acknowledged_until, next_due_at, members, breached, value,
    nullIf(
        arrayMax(
            s -> if(
                (s.1 = '' OR s.1 = flow) AND (s.2 = '' OR s.2 = stage) AND (s.3 = '' OR s.3 = cause) AND (s.4 = '' OR s.4 = incident_id),
                s.5, toDateTime64(0, 3, 'UTC')
            ),
            silences
        ),
        toDateTime64(0, 3, 'UTC')
    ) AS silenced_until, count() OVER () AS total
FROM incidents FINAL
WHERE status != 'resolved'
ORDER BY severity = 'critical' DESC, severity = 'warning' DESC, flow = {own:String} DESC, breached DESC, members DESC, opened_at
LIMIT {limit:UInt32}

