-- with {"columns": [], "one_flow": false}
-- Of each transaction that is at risk or breached now the clock with the most at risk, and of those the one that is due first.
SELECT flow, sla, transaction_id, reference, stage, due_at, verdict, value, currency, customer, plant, owner
FROM
(
    SELECT *
    FROM open_clocks FINAL
    WHERE verdict IN ('at_risk', 'breached') AND flow != {flow:String}
    ORDER BY value DESC, due_at
    LIMIT 1 BY flow, transaction_id
)
ORDER BY value DESC, due_at
LIMIT {limit:UInt32}

-- with {"columns": ["plant", "supplier"], "one_flow": true}
-- Of each transaction that is at risk or breached now the clock with the most at risk, and of those the one that is due first.
SELECT flow, sla, transaction_id, reference, stage, due_at, verdict, value, currency, customer, plant, owner
FROM
(
    SELECT *
    FROM open_clocks FINAL
    WHERE verdict IN ('at_risk', 'breached') AND flow = {flow:String}
        AND plant = {plant:String}
        AND supplier = {supplier:String}
    ORDER BY value DESC, due_at
    LIMIT 1 BY flow, transaction_id
)
ORDER BY value DESC, due_at
LIMIT {limit:UInt32}

