-- The current rows of the transactions that changed above the cursor, whole revisions only. What is current of them is the latest above the
-- cursor, also where that lies above the revision reached: an older row is of the past and not to be judged any more.
SELECT /*columns*/
FROM transactions
WHERE revision > {after:UInt64} AND (flow, transaction_id) IN
(
    SELECT flow, transaction_id
    FROM transactions
    WHERE revision > {after:UInt64} AND revision <= {upto:UInt64}
)
ORDER BY revision DESC
LIMIT 1 BY flow, transaction_id
