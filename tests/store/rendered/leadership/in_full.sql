-- with {"column": "''", "one_flow": false}
-- Transactions with a promise to a customer that was decided, and those of them with none missed, in a period and in the one before.
SELECT name, before, count() AS promised, countIf(missed = 0) AS kept
FROM
(
    SELECT '' AS name, flow, transaction_id, at < {start:DateTime('UTC')} AS before, countIf(outcome = 2) AS missed
    FROM transaction_outcomes FINAL
    ARRAY JOIN slas AS sla, decided_at AS at, outcomes AS outcome
    WHERE last_at >= {earlier:DateTime('UTC')} AND at >= {earlier:DateTime('UTC')} AND at < {end:DateTime('UTC')}
        AND outcome != 3 AND (flow, sla) IN {promises:Array(Tuple(String, String))} AND flow != {flow:String}
    GROUP BY name, flow, transaction_id, before
)
GROUP BY name, before

-- with {"column": "plant", "one_flow": true}
-- Transactions with a promise to a customer that was decided, and those of them with none missed, in a period and in the one before.
SELECT name, before, count() AS promised, countIf(missed = 0) AS kept
FROM
(
    SELECT plant AS name, flow, transaction_id, at < {start:DateTime('UTC')} AS before, countIf(outcome = 2) AS missed
    FROM transaction_outcomes FINAL
    ARRAY JOIN slas AS sla, decided_at AS at, outcomes AS outcome
    WHERE last_at >= {earlier:DateTime('UTC')} AND at >= {earlier:DateTime('UTC')} AND at < {end:DateTime('UTC')}
        AND outcome != 3 AND (flow, sla) IN {promises:Array(Tuple(String, String))} AND flow = {flow:String}
    GROUP BY name, flow, transaction_id, before
)
GROUP BY name, before

