-- with {"columns": [], "by_id": false, "awaited": false, "failed": false, "verdict": false, "clock_is_open": true, "in_window": true, "promises": false, "order": "value", "reverse": false}
-- The transactions that match by the largest value of their clocks, decided or not, in one currency as far as there are rates.
SELECT flow, transaction_id
FROM
(
    SELECT flow, transaction_id, max(open_clocks.value * transform(toString(currency), {currencies:Array(String)}, {rates:Array(Float64)}, toFloat64(1))) AS worth
    FROM open_clocks FINAL
    WHERE flow != {heartbeat:String}
        AND transaction_id >= {first:String} AND transaction_id < {last:String}
    GROUP BY flow, transaction_id
    ORDER BY worth DESC, transaction_id DESC
    LIMIT {limit:UInt32}

    UNION ALL
    SELECT flow, transaction_id,
        arrayMax(values) * transform(toString(currency), {currencies:Array(String)}, {rates:Array(Float64)}, toFloat64(1)) AS worth
    FROM transaction_outcomes FINAL
    WHERE notEmpty(values) AND flow != {heartbeat:String}
        AND transaction_id >= {first:String} AND transaction_id < {last:String}
    ORDER BY worth DESC, transaction_id DESC
    LIMIT {limit:UInt32}

)
GROUP BY flow, transaction_id
ORDER BY max(worth) DESC, transaction_id DESC
LIMIT {limit:UInt32}

-- with {"columns": ["flow", "state", "customer"], "by_id": false, "awaited": false, "failed": false, "verdict": false, "clock_is_open": true, "in_window": false, "promises": true, "order": "value", "reverse": true}
-- The transactions that match by the largest value of their clocks, decided or not, in one currency as far as there are rates.
SELECT flow, transaction_id
FROM
(
    SELECT flow, transaction_id, max(open_clocks.value * transform(toString(currency), {currencies:Array(String)}, {rates:Array(Float64)}, toFloat64(1))) AS worth
    FROM open_clocks FINAL
    WHERE flow = {flow:String}
        AND customer = {customer:String}
        AND (flow, transaction_id) IN
        (
            SELECT flow, transaction_id
            FROM transactions FINAL
            WHERE state != 'merged'
        AND flow = {flow:String}
        AND state = {state:String}
        AND customer = {customer:String}
        AND (flow, transaction_id) IN
        (
            SELECT flow, transaction_id
            FROM open_clocks FINAL
            WHERE 1
                AND (flow, sla) IN {promises:Array(Tuple(String, String))}
        )
        )
        AND (flow, sla) IN {promises:Array(Tuple(String, String))}
    GROUP BY flow, transaction_id

    UNION ALL
    SELECT flow, transaction_id,
        arrayMax((worth, sla) -> if(has({promised:Array(String)}, concat(flow, '/', sla)), worth, 0), values, slas) * transform(toString(currency), {currencies:Array(String)}, {rates:Array(Float64)}, toFloat64(1)) AS worth
    FROM transaction_outcomes FINAL
    WHERE notEmpty(values) AND flow = {flow:String}
        AND customer = {customer:String}
        AND (flow, transaction_id) IN
        (
            SELECT flow, transaction_id
            FROM transactions FINAL
            WHERE state != 'merged'
        AND flow = {flow:String}
        AND state = {state:String}
        AND customer = {customer:String}
        AND (flow, transaction_id) IN
        (
            SELECT flow, transaction_id
            FROM open_clocks FINAL
            WHERE 1
                AND (flow, sla) IN {promises:Array(Tuple(String, String))}
        )
        )

)
GROUP BY flow, transaction_id
ORDER BY max(worth) ASC, transaction_id DESC
LIMIT {limit:UInt32}

