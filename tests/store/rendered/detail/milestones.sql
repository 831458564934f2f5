-- with {"limit": 1000}
SELECT *
FROM transaction_events FINAL
WHERE flow = {flow:String} AND transaction_id = {id:String} AND active = 1
ORDER BY event_time, milestone
LIMIT 1000

