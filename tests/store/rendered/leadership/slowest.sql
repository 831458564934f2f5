-- with {"columns": [], "one_flow": false}
SELECT
    flow, transaction_id, reference, started_at, assumeNotNull(ended_at) AS ended,
    dateDiff('second', started_at, ended) AS seconds, customer, plant
FROM transactions FINAL
WHERE state = 'completed' AND ended_at >= {start:DateTime64(3, 'UTC')} AND ended_at < {end:DateTime64(3, 'UTC')}
    AND flow != {flow:String}
ORDER BY seconds DESC
LIMIT {limit:UInt32}

-- with {"columns": ["plant", "customer"], "one_flow": true}
SELECT
    flow, transaction_id, reference, started_at, assumeNotNull(ended_at) AS ended,
    dateDiff('second', started_at, ended) AS seconds, customer, plant
FROM transactions FINAL
WHERE state = 'completed' AND ended_at >= {start:DateTime64(3, 'UTC')} AND ended_at < {end:DateTime64(3, 'UTC')}
    AND flow = {flow:String}
    AND plant = {plant:String}
    AND customer = {customer:String}
ORDER BY seconds DESC
LIMIT {limit:UInt32}

