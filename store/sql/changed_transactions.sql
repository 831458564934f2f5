-- Current transactions above the cursor, whole revisions only. What is current above the cursor is the latest above it: no need to merge
-- with all that lies below.
SELECT /*columns*/
FROM transactions
WHERE revision > {after:UInt64} AND revision <= {upto:UInt64}
ORDER BY revision DESC
LIMIT 1 BY flow, transaction_id
