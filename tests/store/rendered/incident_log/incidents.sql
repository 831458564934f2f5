-- with {"columns": [], "unresolved": false}
SELECT *, count() OVER () AS total
FROM incidents FINAL
WHERE 1
ORDER BY
    status = 'resolved', severity = 'critical' DESC, severity = 'warning' DESC, flow = {own:String} DESC,
    breached DESC, members DESC, opened_at DESC
LIMIT {limit:UInt32}

-- with {"columns": ["status"], "unresolved": false}
SELECT *, count() OVER () AS total
FROM incidents FINAL
WHERE 1
    AND status = {status:String}
ORDER BY
    status = 'resolved', severity = 'critical' DESC, severity = 'warning' DESC, flow = {own:String} DESC,
    breached DESC, members DESC, opened_at DESC
LIMIT {limit:UInt32}

-- with {"columns": ["flow"], "unresolved": false}
SELECT *, count() OVER () AS total
FROM incidents FINAL
WHERE 1
    AND flow = {flow:String}
ORDER BY
    status = 'resolved', severity = 'critical' DESC, severity = 'warning' DESC, flow = {own:String} DESC,
    breached DESC, members DESC, opened_at DESC
LIMIT {limit:UInt32}

-- with {"columns": ["owner"], "unresolved": false}
SELECT *, count() OVER () AS total
FROM incidents FINAL
WHERE 1
    AND owner = {owner:String}
ORDER BY
    status = 'resolved', severity = 'critical' DESC, severity = 'warning' DESC, flow = {own:String} DESC,
    breached DESC, members DESC, opened_at DESC
LIMIT {limit:UInt32}

-- with {"columns": ["status", "flow", "owner"], "unresolved": false}
SELECT *, count() OVER () AS total
FROM incidents FINAL
WHERE 1
    AND status = {status:String}
    AND flow = {flow:String}
    AND owner = {owner:String}
ORDER BY
    status = 'resolved', severity = 'critical' DESC, severity = 'warning' DESC, flow = {own:String} DESC,
    breached DESC, members DESC, opened_at DESC
LIMIT {limit:UInt32}

-- with {"columns": [], "unresolved": true}
SELECT *, count() OVER () AS total
FROM incidents FINAL
WHERE status != 'resolved'
ORDER BY
    status = 'resolved', severity = 'critical' DESC, severity = 'warning' DESC, flow = {own:String} DESC,
    breached DESC, members DESC, opened_at DESC
LIMIT {limit:UInt32}

-- with {"columns": ["status"], "unresolved": true}
SELECT *, count() OVER () AS total
FROM incidents FINAL
WHERE status != 'resolved'
    AND status = {status:String}
ORDER BY
    status = 'resolved', severity = 'critical' DESC, severity = 'warning' DESC, flow = {own:String} DESC,
    breached DESC, members DESC, opened_at DESC
LIMIT {limit:UInt32}

-- with {"columns": ["flow"], "unresolved": true}
SELECT *, count() OVER () AS total
FROM incidents FINAL
WHERE status != 'resolved'
    AND flow = {flow:String}
ORDER BY
    status = 'resolved', severity = 'critical' DESC, severity = 'warning' DESC, flow = {own:String} DESC,
    breached DESC, members DESC, opened_at DESC
LIMIT {limit:UInt32}

-- with {"columns": ["owner"], "unresolved": true}
SELECT *, count() OVER () AS total
FROM incidents FINAL
WHERE status != 'resolved'
    AND owner = {owner:String}
ORDER BY
    status = 'resolved', severity = 'critical' DESC, severity = 'warning' DESC, flow = {own:String} DESC,
    breached DESC, members DESC, opened_at DESC
LIMIT {limit:UInt32}

-- with {"columns": ["status", "flow", "owner"], "unresolved": true}
SELECT *, count() OVER () AS total
FROM incidents FINAL
WHERE status != 'resolved'
    AND status = {status:String}
    AND flow = {flow:String}
    AND owner = {owner:String}
ORDER BY
    status = 'resolved', severity = 'critical' DESC, severity = 'warning' DESC, flow = {own:String} DESC,
    breached DESC, members DESC, opened_at DESC
LIMIT {limit:UInt32}

