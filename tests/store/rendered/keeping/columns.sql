-- with {"table": "verdicts"}
SELECT *
FROM verdicts
LIMIT 0

