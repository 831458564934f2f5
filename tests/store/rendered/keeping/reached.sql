-- with {"table": "verdicts"}
SELECT max(revision) AS reached
FROM verdicts

