-- with {}
-- Which services changed their version within a day before the incident opened, as the flow's transactions saw it.
WITH traces AS (SELECT DISTINCT transaction_id, trace_id
    FROM transaction_events
    WHERE flow = {flow:String} AND transaction_id IN (SELECT DISTINCT transaction_id
    FROM incident_members FINAL
    WHERE incident_id = {id:String} AND (left_at IS NULL OR {resolved:Bool})
    ORDER BY transaction_id DESC
    LIMIT 100 UNION ALL SELECT transaction_id
    FROM transactions FINAL
    WHERE flow = {flow:String} AND transaction_id >= {first:String} AND state != 'merged'
        AND transaction_id NOT IN
        (
            SELECT transaction_id
            FROM incident_members
            WHERE flow = {flow:String} AND transaction_id >= {first:String}
        )
    ORDER BY transaction_id DESC
    LIMIT 200) AND trace_id != '' AND active = 1
    LIMIT 5 BY transaction_id)
SELECT service, version, at
FROM
(
    SELECT service, version, min(start_time) AS at, min(at) OVER (PARTITION BY service) AS first_at
    FROM (SELECT service, resource['service.version'] AS version, start_time FROM spans PREWHERE trace_id IN (SELECT trace_id FROM traces))
    WHERE version != ''
    GROUP BY service, version
)
WHERE at > first_at
ORDER BY at DESC
LIMIT 10

