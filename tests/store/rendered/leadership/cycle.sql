-- with {"one_flow": false}
SELECT
    multiIf(
        grouping(day) = 0, 'day', grouping(flow) = 0, 'flow', grouping(plant) = 0, 'plant', grouping(customer) = 0, 'customer', 'all'
    ) AS by,
    multiIf(by = 'day', toString(day), by = 'flow', toString(flow), by = 'plant', toString(plant), by = 'customer', customer, '') AS name,
    before, count() AS completed, quantile(0.5)(seconds) AS cycle_seconds, quantile(0.9)(seconds) AS cycle_p90_seconds
FROM
(
    SELECT
        flow, plant, customer, assumeNotNull(ended_at) AS ended,
        toDate(ended, {zone:String}) AS day, ended < {start:DateTime64(3, 'UTC')} AS before,
        dateDiff('second', started_at, ended) AS seconds
    FROM transactions FINAL
    WHERE state = 'completed' AND ended_at >= {earlier:DateTime64(3, 'UTC')} AND ended_at < {end:DateTime64(3, 'UTC')}
        AND flow != {flow:String}
)
GROUP BY GROUPING SETS ((before), (before, day), (before, flow), (before, plant), (before, customer))

-- with {"one_flow": true}
SELECT
    multiIf(
        grouping(day) = 0, 'day', grouping(flow) = 0, 'flow', grouping(plant) = 0, 'plant', grouping(customer) = 0, 'customer', 'all'
    ) AS by,
    multiIf(by = 'day', toString(day), by = 'flow', toString(flow), by = 'plant', toString(plant), by = 'customer', customer, '') AS name,
    before, count() AS completed, quantile(0.5)(seconds) AS cycle_seconds, quantile(0.9)(seconds) AS cycle_p90_seconds
FROM
(
    SELECT
        flow, plant, customer, assumeNotNull(ended_at) AS ended,
        toDate(ended, {zone:String}) AS day, ended < {start:DateTime64(3, 'UTC')} AS before,
        dateDiff('second', started_at, ended) AS seconds
    FROM transactions FINAL
    WHERE state = 'completed' AND ended_at >= {earlier:DateTime64(3, 'UTC')} AND ended_at < {end:DateTime64(3, 'UTC')}
        AND flow = {flow:String}
)
GROUP BY GROUPING SETS ((before), (before, day), (before, flow), (before, plant), (before, customer))

