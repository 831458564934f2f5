-- with {"columns": [], "awaited": false, "verdict": false, "in_window": true, "promises": false, "reverse": false, "order": "worst"}
-- The transactions with open clocks that match, the worst first or by when their worst clock is due: from open_clocks alone as far as that
-- can be.
SELECT flow, transaction_id
FROM open_clocks FINAL
WHERE verdict IN {verdicts:Array(String)}
    AND flow != {heartbeat:String}
    AND transaction_id >= {first:String} AND transaction_id < {last:String}
GROUP BY flow, transaction_id
ORDER BY
    max(transform(verdict, ['breached', 'at_risk', 'unknown'], [3, 2, 1], 0)) DESC, min(due_at), transaction_id DESC
LIMIT {limit:UInt32}

-- with {"columns": ["flow", "customer"], "awaited": false, "verdict": true, "in_window": false, "promises": false, "reverse": false, "order": "due"}
-- The transactions with open clocks that match, the worst first or by when their worst clock is due: from open_clocks alone as far as that
-- can be.
SELECT flow, transaction_id
FROM open_clocks FINAL
WHERE verdict = {verdict:String}
    AND flow = {flow:String}
    AND customer = {customer:String}
GROUP BY flow, transaction_id
ORDER BY
    argMin(due_at, (-transform(verdict, ['breached', 'at_risk', 'unknown'], [3, 2, 1], 0), due_at)) ASC,
    transaction_id DESC
LIMIT {limit:UInt32}

-- with {"columns": ["state", "stage", "plant"], "awaited": true, "verdict": false, "in_window": true, "promises": true, "reverse": true, "order": "due"}
-- The transactions with open clocks that match, the worst first or by when their worst clock is due: from open_clocks alone as far as that
-- can be.
SELECT flow, transaction_id
FROM open_clocks FINAL
WHERE verdict IN {verdicts:Array(String)}
    AND flow != {heartbeat:String}
    AND plant = {plant:String}
    AND stage = {awaited:String}
    AND (flow, sla) IN {promises:Array(Tuple(String, String))}
    AND transaction_id >= {first:String} AND transaction_id < {last:String}
    AND (flow, transaction_id) IN
    (
        SELECT flow, transaction_id
        FROM transactions FINAL
        WHERE state != 'merged'
            AND state = {state:String}
            AND stage = {stage:String}
            AND plant = {plant:String}
            AND transaction_id >= {first:String} AND transaction_id < {last:String}
    )
GROUP BY flow, transaction_id
ORDER BY
    argMin(due_at, (-transform(verdict, ['breached', 'at_risk', 'unknown'], [3, 2, 1], 0), due_at)) DESC,
    transaction_id DESC
LIMIT {limit:UInt32}

