-- with {"table": "clocks"}
-- Up to which revision the next rows above a cursor go, whole revisions only, and whether there are more than the limit.
SELECT max(revision) AS upto, count() >= {limit:UInt64} AS more
FROM (SELECT revision FROM clocks WHERE revision > {after:UInt64} ORDER BY revision LIMIT {limit:UInt64})

-- with {"table": "transactions"}
-- Up to which revision the next rows above a cursor go, whole revisions only, and whether there are more than the limit.
SELECT max(revision) AS upto, count() >= {limit:UInt64} AS more
FROM (SELECT revision FROM transactions WHERE revision > {after:UInt64} ORDER BY revision LIMIT {limit:UInt64})

