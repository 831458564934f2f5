-- with {"most": 200, "least": 10}
-- How long transactions of a flow and plant take from one milestone to another: medians of those that completed last.
SELECT earlier, later, quantileExact(0.5)(dateDiff('millisecond', begun, reached)) AS usual, count() AS transactions
FROM
(
    SELECT first_at, earlier, begun
    FROM
    (
        SELECT first_at
        FROM transactions FINAL
        WHERE (flow, transaction_id) IN
        (
            SELECT flow, transaction_id
            FROM transactions FINAL
            WHERE flow = {flow:String} AND plant = {plant:String} AND state = 'completed' AND transaction_id >= {first:String}
            ORDER BY ended_at DESC
            LIMIT 200
        )
    )
    ARRAY JOIN mapKeys(first_at) AS earlier, mapValues(first_at) AS begun
)
ARRAY JOIN mapKeys(first_at) AS later, mapValues(first_at) AS reached
WHERE earlier != later AND reached >= begun
GROUP BY earlier, later
HAVING transactions >= 10
ORDER BY earlier, later

