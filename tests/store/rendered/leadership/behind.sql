-- with {"missed": true, "columns": [], "promised": "", "one_flow": false}
-- First which clocks they are, from the narrow table, then all about the few that are shown.
SELECT
    flow, sla, transaction_id, reference, stage, due_at, stopped_at, verdict, cause, value, currency, penalty, customer, plant, owner
FROM clocks FINAL
WHERE removed = 0 AND (flow, sla, transaction_id) IN
(
    SELECT flow, sla, transaction_id
    FROM transaction_outcomes FINAL
    ARRAY JOIN
        slas AS sla, decided_at AS at, outcomes AS outcome, protected AS saved, causes AS cause, values AS value, penalties AS penalty
    WHERE last_at >= {start:DateTime('UTC')} AND at >= {start:DateTime('UTC')} AND at < {end:DateTime('UTC')}
        AND outcome = 2 AND flow != {flow:String}
    ORDER BY penalty DESC, value DESC, transaction_id DESC
    LIMIT {limit:UInt32}
)
ORDER BY penalty DESC, value DESC, transaction_id DESC

-- with {"missed": true, "columns": ["sla", "cause", "plant", "customer", "supplier", "carrier"], "promised": "IN", "one_flow": true}
-- First which clocks they are, from the narrow table, then all about the few that are shown.
SELECT
    flow, sla, transaction_id, reference, stage, due_at, stopped_at, verdict, cause, value, currency, penalty, customer, plant, owner
FROM clocks FINAL
WHERE removed = 0 AND (flow, sla, transaction_id) IN
(
    SELECT flow, sla, transaction_id
    FROM transaction_outcomes FINAL
    ARRAY JOIN
        slas AS sla, decided_at AS at, outcomes AS outcome, protected AS saved, causes AS cause, values AS value, penalties AS penalty
    WHERE last_at >= {start:DateTime('UTC')} AND at >= {start:DateTime('UTC')} AND at < {end:DateTime('UTC')}
        AND outcome = 2 AND flow = {flow:String}
        AND sla = {sla:String}
        AND cause = {cause:String}
        AND plant = {plant:String}
        AND customer = {customer:String}
        AND supplier = {supplier:String}
        AND carrier = {carrier:String}
        AND (flow, sla) IN {promises:Array(Tuple(String, String))}
    ORDER BY penalty DESC, value DESC, transaction_id DESC
    LIMIT {limit:UInt32}
)
ORDER BY penalty DESC, value DESC, transaction_id DESC

-- with {"missed": false, "columns": [], "promised": "NOT IN", "one_flow": false}
-- First which clocks they are, from the narrow table, then all about the few that are shown.
SELECT
    flow, sla, transaction_id, reference, stage, due_at, stopped_at, verdict, cause, value, currency, penalty, customer, plant, owner
FROM clocks FINAL
WHERE removed = 0 AND (flow, sla, transaction_id) IN
(
    SELECT flow, sla, transaction_id
    FROM transaction_outcomes FINAL
    ARRAY JOIN
        slas AS sla, decided_at AS at, outcomes AS outcome, protected AS saved, causes AS cause, values AS value, penalties AS penalty
    WHERE last_at >= {start:DateTime('UTC')} AND at >= {start:DateTime('UTC')} AND at < {end:DateTime('UTC')}
        AND saved = 1 AND NOT has(outcomes, 2) AND flow != {flow:String}
        AND (flow, sla) NOT IN {promises:Array(Tuple(String, String))}
    ORDER BY penalty DESC, value DESC, transaction_id DESC
    LIMIT {limit:UInt32}
)
ORDER BY penalty DESC, value DESC, transaction_id DESC

