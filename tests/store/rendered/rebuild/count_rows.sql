-- with {"table": "spans", "in_window": false}
SELECT count() AS n
FROM spans FINAL


-- with {"table": "spans", "in_window": true}
SELECT count() AS n
FROM spans FINAL
WHERE received_at >= {since:DateTime64(3, 'UTC')} AND received_at < {until:DateTime64(3, 'UTC')}


