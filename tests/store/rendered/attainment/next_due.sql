-- with {"columns": []}
SELECT
    flow, sla, transaction_id, reference, stage, started_at, warn_at, due_at, verdict, value, currency, customer, plant, owner
FROM open_clocks FINAL
WHERE verdict IN ('running', 'at_risk')
ORDER BY due_at
LIMIT {limit:UInt32}

-- with {"columns": ["flow"]}
SELECT
    flow, sla, transaction_id, reference, stage, started_at, warn_at, due_at, verdict, value, currency, customer, plant, owner
FROM open_clocks FINAL
WHERE verdict IN ('running', 'at_risk')
    AND flow = {flow:String}
ORDER BY due_at
LIMIT {limit:UInt32}

-- with {"columns": ["sla"]}
SELECT
    flow, sla, transaction_id, reference, stage, started_at, warn_at, due_at, verdict, value, currency, customer, plant, owner
FROM open_clocks FINAL
WHERE verdict IN ('running', 'at_risk')
    AND sla = {sla:String}
ORDER BY due_at
LIMIT {limit:UInt32}

-- with {"columns": ["flow", "sla"]}
SELECT
    flow, sla, transaction_id, reference, stage, started_at, warn_at, due_at, verdict, value, currency, customer, plant, owner
FROM open_clocks FINAL
WHERE verdict IN ('running', 'at_risk')
    AND flow = {flow:String}
    AND sla = {sla:String}
ORDER BY due_at
LIMIT {limit:UInt32}

