-- with {"one_flow": false, "column": ""}
SELECT
    multiIf(grouping(day) = 0, 'day', 'all') AS by,
    multiIf(by = 'day', toString(day), '') AS name,
    before, count() AS completed,
    quantileExactInclusive(0.5)(seconds) AS cycle_seconds, quantileExactInclusive(0.9)(seconds) AS cycle_p90_seconds
FROM
(
    SELECT
        assumeNotNull(ended_at) AS ended,
        toDate(ended, {zone:String}) AS day, ended < {start:DateTime64(3, 'UTC')} AS before,
        dateDiff('second', started_at, ended) AS seconds
    FROM transactions FINAL
    WHERE state = 'completed' AND ended_at >= {earlier:DateTime64(3, 'UTC')} AND ended_at < {end:DateTime64(3, 'UTC')}
        AND flow != {flow:String}
)
GROUP BY GROUPING SETS ((before), (before, day))

-- with {"one_flow": true, "column": "plant"}
SELECT
    multiIf(grouping(day) = 0, 'day', grouping(plant) = 0, 'plant', 'all') AS by,
    multiIf(by = 'day', toString(day), by = 'plant', toString(plant), '') AS name,
    before, count() AS completed,
    quantileExactInclusive(0.5)(seconds) AS cycle_seconds, quantileExactInclusive(0.9)(seconds) AS cycle_p90_seconds
FROM
(
    SELECT
        plant, assumeNotNull(ended_at) AS ended,
        toDate(ended, {zone:String}) AS day, ended < {start:DateTime64(3, 'UTC')} AS before,
        dateDiff('second', started_at, ended) AS seconds
    FROM transactions FINAL
    WHERE state = 'completed' AND ended_at >= {earlier:DateTime64(3, 'UTC')} AND ended_at < {end:DateTime64(3, 'UTC')}
        AND flow = {flow:String}
)
GROUP BY GROUPING SETS ((before), (before, day), (before, plant))

