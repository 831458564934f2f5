-- with {"columns": [], "unresolved": false}
-- The worst first; since when the member that is longest overdue has been so, of those that are not resolved.
SELECT listed.*, held.overdue_since AS overdue_since
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
    ) AS silenced_until, count() OVER () AS total
    FROM incidents FINAL
    WHERE 1
) AS listed
LEFT JOIN (
    SELECT incident_id, minIf(due_at, verdict = 'breached') AS overdue_since, uniqExact(flow, transaction_id) AS counted
    FROM incident_members FINAL
    WHERE left_at IS NULL AND incident_id IN (SELECT incident_id FROM incidents FINAL WHERE status != 'resolved')
    GROUP BY incident_id
) AS held USING incident_id
ORDER BY
    status = 'resolved', severity = 'critical' DESC, severity = 'warning' DESC, flow = {own:String} DESC,
    breached DESC, members DESC, opened_at DESC
LIMIT {limit:UInt32}

-- with {"columns": ["status"], "unresolved": false}
-- The worst first; since when the member that is longest overdue has been so, of those that are not resolved.
SELECT listed.*, held.overdue_since AS overdue_since
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
    ) AS silenced_until, count() OVER () AS total
    FROM incidents FINAL
    WHERE 1
        AND status = {status:String}
) AS listed
LEFT JOIN (
    SELECT incident_id, minIf(due_at, verdict = 'breached') AS overdue_since, uniqExact(flow, transaction_id) AS counted
    FROM incident_members FINAL
    WHERE left_at IS NULL AND incident_id IN (SELECT incident_id FROM incidents FINAL WHERE status != 'resolved')
    GROUP BY incident_id
) AS held USING incident_id
ORDER BY
    status = 'resolved', severity = 'critical' DESC, severity = 'warning' DESC, flow = {own:String} DESC,
    breached DESC, members DESC, opened_at DESC
LIMIT {limit:UInt32}

-- with {"columns": ["flow"], "unresolved": false}
-- The worst first; since when the member that is longest overdue has been so, of those that are not resolved.
SELECT listed.*, held.overdue_since AS overdue_since
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
    ) AS silenced_until, count() OVER () AS total
    FROM incidents FINAL
    WHERE 1
        AND flow = {flow:String}
) AS listed
LEFT JOIN (
    SELECT incident_id, minIf(due_at, verdict = 'breached') AS overdue_since, uniqExact(flow, transaction_id) AS counted
    FROM incident_members FINAL
    WHERE left_at IS NULL AND incident_id IN (SELECT incident_id FROM incidents FINAL WHERE status != 'resolved')
    GROUP BY incident_id
) AS held USING incident_id
ORDER BY
    status = 'resolved', severity = 'critical' DESC, severity = 'warning' DESC, flow = {own:String} DESC,
    breached DESC, members DESC, opened_at DESC
LIMIT {limit:UInt32}

-- with {"columns": ["owner"], "unresolved": false}
-- The worst first; since when the member that is longest overdue has been so, of those that are not resolved.
SELECT listed.*, held.overdue_since AS overdue_since
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
    ) AS silenced_until, count() OVER () AS total
    FROM incidents FINAL
    WHERE 1
        AND owner = {owner:String}
) AS listed
LEFT JOIN (
    SELECT incident_id, minIf(due_at, verdict = 'breached') AS overdue_since, uniqExact(flow, transaction_id) AS counted
    FROM incident_members FINAL
    WHERE left_at IS NULL AND incident_id IN (SELECT incident_id FROM incidents FINAL WHERE status != 'resolved')
    GROUP BY incident_id
) AS held USING incident_id
ORDER BY
    status = 'resolved', severity = 'critical' DESC, severity = 'warning' DESC, flow = {own:String} DESC,
    breached DESC, members DESC, opened_at DESC
LIMIT {limit:UInt32}

-- with {"columns": ["status", "flow", "owner"], "unresolved": false}
-- The worst first; since when the member that is longest overdue has been so, of those that are not resolved.
SELECT listed.*, held.overdue_since AS overdue_since
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
    ) AS silenced_until, count() OVER () AS total
    FROM incidents FINAL
    WHERE 1
        AND status = {status:String}
        AND flow = {flow:String}
        AND owner = {owner:String}
) AS listed
LEFT JOIN (
    SELECT incident_id, minIf(due_at, verdict = 'breached') AS overdue_since, uniqExact(flow, transaction_id) AS counted
    FROM incident_members FINAL
    WHERE left_at IS NULL AND incident_id IN (SELECT incident_id FROM incidents FINAL WHERE status != 'resolved')
    GROUP BY incident_id
) AS held USING incident_id
ORDER BY
    status = 'resolved', severity = 'critical' DESC, severity = 'warning' DESC, flow = {own:String} DESC,
    breached DESC, members DESC, opened_at DESC
LIMIT {limit:UInt32}

-- with {"columns": [], "unresolved": true}
-- The worst first; since when the member that is longest overdue has been so, of those that are not resolved.
SELECT listed.*, held.overdue_since AS overdue_since
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
    ) AS silenced_until, count() OVER () AS total
    FROM incidents FINAL
    WHERE status != 'resolved'
) AS listed
LEFT JOIN (
    SELECT incident_id, minIf(due_at, verdict = 'breached') AS overdue_since, uniqExact(flow, transaction_id) AS counted
    FROM incident_members FINAL
    WHERE left_at IS NULL AND incident_id IN (SELECT incident_id FROM incidents FINAL WHERE status != 'resolved')
    GROUP BY incident_id
) AS held USING incident_id
ORDER BY
    status = 'resolved', severity = 'critical' DESC, severity = 'warning' DESC, flow = {own:String} DESC,
    breached DESC, members DESC, opened_at DESC
LIMIT {limit:UInt32}

-- with {"columns": ["status"], "unresolved": true}
-- The worst first; since when the member that is longest overdue has been so, of those that are not resolved.
SELECT listed.*, held.overdue_since AS overdue_since
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
    ) AS silenced_until, count() OVER () AS total
    FROM incidents FINAL
    WHERE status != 'resolved'
        AND status = {status:String}
) AS listed
LEFT JOIN (
    SELECT incident_id, minIf(due_at, verdict = 'breached') AS overdue_since, uniqExact(flow, transaction_id) AS counted
    FROM incident_members FINAL
    WHERE left_at IS NULL AND incident_id IN (SELECT incident_id FROM incidents FINAL WHERE status != 'resolved')
    GROUP BY incident_id
) AS held USING incident_id
ORDER BY
    status = 'resolved', severity = 'critical' DESC, severity = 'warning' DESC, flow = {own:String} DESC,
    breached DESC, members DESC, opened_at DESC
LIMIT {limit:UInt32}

-- with {"columns": ["flow"], "unresolved": true}
-- The worst first; since when the member that is longest overdue has been so, of those that are not resolved.
SELECT listed.*, held.overdue_since AS overdue_since
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
    ) AS silenced_until, count() OVER () AS total
    FROM incidents FINAL
    WHERE status != 'resolved'
        AND flow = {flow:String}
) AS listed
LEFT JOIN (
    SELECT incident_id, minIf(due_at, verdict = 'breached') AS overdue_since, uniqExact(flow, transaction_id) AS counted
    FROM incident_members FINAL
    WHERE left_at IS NULL AND incident_id IN (SELECT incident_id FROM incidents FINAL WHERE status != 'resolved')
    GROUP BY incident_id
) AS held USING incident_id
ORDER BY
    status = 'resolved', severity = 'critical' DESC, severity = 'warning' DESC, flow = {own:String} DESC,
    breached DESC, members DESC, opened_at DESC
LIMIT {limit:UInt32}

-- with {"columns": ["owner"], "unresolved": true}
-- The worst first; since when the member that is longest overdue has been so, of those that are not resolved.
SELECT listed.*, held.overdue_since AS overdue_since
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
    ) AS silenced_until, count() OVER () AS total
    FROM incidents FINAL
    WHERE status != 'resolved'
        AND owner = {owner:String}
) AS listed
LEFT JOIN (
    SELECT incident_id, minIf(due_at, verdict = 'breached') AS overdue_since, uniqExact(flow, transaction_id) AS counted
    FROM incident_members FINAL
    WHERE left_at IS NULL AND incident_id IN (SELECT incident_id FROM incidents FINAL WHERE status != 'resolved')
    GROUP BY incident_id
) AS held USING incident_id
ORDER BY
    status = 'resolved', severity = 'critical' DESC, severity = 'warning' DESC, flow = {own:String} DESC,
    breached DESC, members DESC, opened_at DESC
LIMIT {limit:UInt32}

-- with {"columns": ["status", "flow", "owner"], "unresolved": true}
-- The worst first; since when the member that is longest overdue has been so, of those that are not resolved.
SELECT listed.*, held.overdue_since AS overdue_since
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
    ) AS silenced_until, count() OVER () AS total
    FROM incidents FINAL
    WHERE status != 'resolved'
        AND status = {status:String}
        AND flow = {flow:String}
        AND owner = {owner:String}
) AS listed
LEFT JOIN (
    SELECT incident_id, minIf(due_at, verdict = 'breached') AS overdue_since, uniqExact(flow, transaction_id) AS counted
    FROM incident_members FINAL
    WHERE left_at IS NULL AND incident_id IN (SELECT incident_id FROM incidents FINAL WHERE status != 'resolved')
    GROUP BY incident_id
) AS held USING incident_id
ORDER BY
    status = 'resolved', severity = 'critical' DESC, severity = 'warning' DESC, flow = {own:String} DESC,
    breached DESC, members DESC, opened_at DESC
LIMIT {limit:UInt32}

