-- Up to which revision the next rows above a cursor go, whole revisions only, and whether there are more than the limit.
SELECT max(revision) AS upto, count() >= {limit:UInt64} AS more
FROM (SELECT revision FROM /*table*/ WHERE revision > {after:UInt64} ORDER BY revision LIMIT {limit:UInt64})
