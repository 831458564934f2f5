-- with {"column": "''", "one_flow": false}
-- What lateness cost in a period, and what was saved from it: a transaction counts once, with its largest value. Of each of its clocks a
-- number says whether it was missed (2) or protected (1) in the period.
SELECT
    name, currency, sum(owed) AS penalty, sum(value_missed) AS missed, sum(value_protected) AS protected,
    sum(clocks) AS missed_clocks, countIf(clocks > 0) AS missed_transactions, countIf(clocks = 0) AS protected_transactions
FROM
(
    SELECT
        '' AS name, currency, countEqual(kinds, 2) AS clocks,
        arraySum((kind, penalty) -> if(kind = 2, penalty, 0), kinds, penalties) AS owed,
        arrayMax((kind, value) -> if(kind = 2, value, 0), kinds, values) AS value_missed,
        if(clocks = 0, arrayMax((kind, value) -> if(kind = 1, value, 0), kinds, values), 0) AS value_protected
    FROM
    (
        SELECT
            flow, plant, customer, supplier, carrier, currency, values, penalties,
            arrayMap((at, outcome, saved) ->
                if(at >= {start:DateTime('UTC')} AND at < {end:DateTime('UTC')}, if(outcome = 2, 2, saved), 0),
                decided_at, outcomes, transaction_outcomes.protected) AS kinds
        FROM transaction_outcomes FINAL
        WHERE last_at >= {start:DateTime('UTC')} AND flow != {flow:String}
    )
    WHERE has(kinds, 2) OR has(kinds, 1)
)
GROUP BY name, currency
ORDER BY penalty DESC, missed DESC, name

-- with {"column": "plant", "one_flow": true}
-- What lateness cost in a period, and what was saved from it: a transaction counts once, with its largest value. Of each of its clocks a
-- number says whether it was missed (2) or protected (1) in the period.
SELECT
    name, currency, sum(owed) AS penalty, sum(value_missed) AS missed, sum(value_protected) AS protected,
    sum(clocks) AS missed_clocks, countIf(clocks > 0) AS missed_transactions, countIf(clocks = 0) AS protected_transactions
FROM
(
    SELECT
        plant AS name, currency, countEqual(kinds, 2) AS clocks,
        arraySum((kind, penalty) -> if(kind = 2, penalty, 0), kinds, penalties) AS owed,
        arrayMax((kind, value) -> if(kind = 2, value, 0), kinds, values) AS value_missed,
        if(clocks = 0, arrayMax((kind, value) -> if(kind = 1, value, 0), kinds, values), 0) AS value_protected
    FROM
    (
        SELECT
            flow, plant, customer, supplier, carrier, currency, values, penalties,
            arrayMap((at, outcome, saved) ->
                if(at >= {start:DateTime('UTC')} AND at < {end:DateTime('UTC')}, if(outcome = 2, 2, saved), 0),
                decided_at, outcomes, transaction_outcomes.protected) AS kinds
        FROM transaction_outcomes FINAL
        WHERE last_at >= {start:DateTime('UTC')} AND flow = {flow:String}
    )
    WHERE has(kinds, 2) OR has(kinds, 1)
)
GROUP BY name, currency
ORDER BY penalty DESC, missed DESC, name

