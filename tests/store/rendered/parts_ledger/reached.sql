-- with {"table": "verdicts", "column": "revision"}
SELECT max(revision) AS reached
FROM verdicts

