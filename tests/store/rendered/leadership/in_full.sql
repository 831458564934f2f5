-- with {"column": "''", "one_flow": false}
-- Transactions with a promise to a customer that was decided, and those of them with none missed, in a period and in the one before.
SELECT name, before, countIf(decided > 0) AS promised, countIf(decided > 0 AND missed = 0) AS kept
FROM
(
    SELECT
        '' AS name,
        arrayMap((sla, at, outcome) ->
            if(outcome = 3 OR at < {earlier:DateTime('UTC')} OR at >= {end:DateTime('UTC')} OR NOT has(promises, sla), 0,
                outcome + 2 * (at < {start:DateTime('UTC')})), slas, decided_at, outcomes) AS codes
    FROM
    (
        SELECT *, {promises:Array(Array(String))}[indexOf({promising:Array(String)}, toString(flow))] AS promises
        FROM transaction_outcomes FINAL
        WHERE last_at >= {earlier:DateTime('UTC')} AND flow IN {promising:Array(String)} AND flow != {flow:String}
    )
)
ARRAY JOIN
    [0, 1] AS before,
    [countEqual(codes, 1) + countEqual(codes, 2), countEqual(codes, 3) + countEqual(codes, 4)] AS decided,
    [countEqual(codes, 2), countEqual(codes, 4)] AS missed
GROUP BY name, before
HAVING promised > 0

-- with {"column": "plant", "one_flow": true}
-- Transactions with a promise to a customer that was decided, and those of them with none missed, in a period and in the one before.
SELECT name, before, countIf(decided > 0) AS promised, countIf(decided > 0 AND missed = 0) AS kept
FROM
(
    SELECT
        plant AS name,
        arrayMap((sla, at, outcome) ->
            if(outcome = 3 OR at < {earlier:DateTime('UTC')} OR at >= {end:DateTime('UTC')} OR NOT has(promises, sla), 0,
                outcome + 2 * (at < {start:DateTime('UTC')})), slas, decided_at, outcomes) AS codes
    FROM
    (
        SELECT *, {promises:Array(Array(String))}[indexOf({promising:Array(String)}, toString(flow))] AS promises
        FROM transaction_outcomes FINAL
        WHERE last_at >= {earlier:DateTime('UTC')} AND flow IN {promising:Array(String)} AND flow = {flow:String}
    )
)
ARRAY JOIN
    [0, 1] AS before,
    [countEqual(codes, 1) + countEqual(codes, 2), countEqual(codes, 3) + countEqual(codes, 4)] AS decided,
    [countEqual(codes, 2), countEqual(codes, 4)] AS missed
GROUP BY name, before
HAVING promised > 0

