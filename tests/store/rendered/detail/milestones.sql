-- with {"limit": 1000}
SELECT *
FROM transaction_events FINAL
PREWHERE flow = {flow:String} AND transaction_id = {id:String}
WHERE active = 1
ORDER BY event_time, milestone
LIMIT 1000

