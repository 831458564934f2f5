SELECT *, count() OVER () AS total
FROM incidents FINAL
WHERE status != 'resolved'
ORDER BY severity = 'critical' DESC, severity = 'warning' DESC, flow = {own:String} DESC, breached DESC, members DESC, opened_at
LIMIT {limit:UInt32}
