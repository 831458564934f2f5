-- with {"table": "verdicts"}
SELECT *
FROM verdicts
WHERE revision > {after:UInt64}
ORDER BY revision
LIMIT {limit:UInt64} WITH TIES

