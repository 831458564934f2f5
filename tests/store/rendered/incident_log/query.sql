-- with {"query": "SELECT 1"}
-- A query of a runbook's step: inside another one nothing but a SELECT can stand.
SELECT *
FROM
(
SELECT 1
)
LIMIT 50

