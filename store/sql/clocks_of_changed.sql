-- The clocks of the transactions above the cursor.
WITH changed AS
(
    SELECT flow, transaction_id
    FROM transactions
    WHERE revision > {after:UInt64} AND revision <= {upto:UInt64}
)
SELECT * EXCEPT (paused)
FROM clocks FINAL
WHERE flow IN (SELECT flow FROM changed) AND transaction_id IN (SELECT transaction_id FROM changed)
