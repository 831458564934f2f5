-- with {}
-- Which milestone the incident's transactions reached last; of many, the latest.
SELECT stage, count() AS transactions
FROM transactions FINAL
WHERE flow = {flow:String} AND transaction_id IN (SELECT DISTINCT transaction_id
    FROM incident_members FINAL
    WHERE incident_id = {id:String} AND (left_at IS NULL OR {resolved:Bool})
    ORDER BY transaction_id DESC
    LIMIT {most:UInt32})
GROUP BY stage
ORDER BY transactions DESC, stage
LIMIT 20

