-- with {}
-- Unresolved incidents, worst first; since when the member that is longest overdue has been so, and how many members there are.
SELECT opened.*, held.overdue_since AS overdue_since, held.counted AS counted, count() OVER () AS total
FROM
(
    WITH (
    SELECT groupArray((flow, stage, cause, incident_id, ends_at))
    FROM silences FINAL
    WHERE removed = 0 AND ends_at > {now:DateTime64(3, 'UTC')}
) AS silences
    SELECT *, nullIf(
        arrayMax(
            s -> if(
                (s.1 = '' OR s.1 = flow) AND (s.2 = '' OR s.2 = stage) AND (s.3 = '' OR s.3 = cause) AND (s.4 = '' OR s.4 = incident_id),
                s.5, toDateTime64(0, 3, 'UTC')
            ),
            silences
        ),
        toDateTime64(0, 3, 'UTC')
    ) AS silenced_until
    FROM incidents FINAL
    WHERE status != 'resolved'
) AS opened
LEFT JOIN
(
    SELECT incident_id, minIf(due_at, verdict = 'breached') AS overdue_since, uniqExact(flow, transaction_id) AS counted
    FROM incident_members FINAL
    WHERE left_at IS NULL AND incident_id IN (SELECT incident_id FROM incidents FINAL WHERE status != 'resolved')
    GROUP BY incident_id
) AS held USING incident_id
ORDER BY severity = 'critical' DESC, severity = 'warning' DESC, flow = {own:String} DESC, breached DESC, members DESC, opened_at
LIMIT {limit:UInt32}

