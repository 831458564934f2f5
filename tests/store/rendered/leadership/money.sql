-- with {"column": "''", "one_flow": false}
-- What lateness cost in a period, and what was saved from it: a transaction counts once, with its largest value.
SELECT
    name, currency, sum(owed) AS penalty, sum(value_missed) AS missed, sum(value_protected) AS protected,
    sum(clocks) AS missed_clocks, countIf(clocks > 0) AS missed_transactions, countIf(clocks = 0) AS protected_transactions
FROM
(
    SELECT
        '' AS name, flow, transaction_id, any(currency) AS currency,
        sumIf(penalty, outcome = 2) AS owed, countIf(outcome = 2) AS clocks, maxIf(value, outcome = 2) AS value_missed,
        if(clocks = 0, maxIf(value, saved = 1), 0) AS value_protected
    FROM transaction_outcomes FINAL
    ARRAY JOIN
        slas AS sla, decided_at AS at, outcomes AS outcome, protected AS saved, causes AS cause, values AS value, penalties AS penalty
    WHERE last_at >= {start:DateTime('UTC')} AND at >= {start:DateTime('UTC')} AND at < {end:DateTime('UTC')}
        AND (outcome = 2 OR saved = 1) AND flow != {flow:String}
    GROUP BY name, flow, transaction_id
)
GROUP BY name, currency
ORDER BY penalty DESC, missed DESC, name

-- with {"column": "concat(flow, '/', sla)", "one_flow": true}
-- What lateness cost in a period, and what was saved from it: a transaction counts once, with its largest value.
SELECT
    name, currency, sum(owed) AS penalty, sum(value_missed) AS missed, sum(value_protected) AS protected,
    sum(clocks) AS missed_clocks, countIf(clocks > 0) AS missed_transactions, countIf(clocks = 0) AS protected_transactions
FROM
(
    SELECT
        concat(flow, '/', sla) AS name, flow, transaction_id, any(currency) AS currency,
        sumIf(penalty, outcome = 2) AS owed, countIf(outcome = 2) AS clocks, maxIf(value, outcome = 2) AS value_missed,
        if(clocks = 0, maxIf(value, saved = 1), 0) AS value_protected
    FROM transaction_outcomes FINAL
    ARRAY JOIN
        slas AS sla, decided_at AS at, outcomes AS outcome, protected AS saved, causes AS cause, values AS value, penalties AS penalty
    WHERE last_at >= {start:DateTime('UTC')} AND at >= {start:DateTime('UTC')} AND at < {end:DateTime('UTC')}
        AND (outcome = 2 OR saved = 1) AND flow = {flow:String}
    GROUP BY name, flow, transaction_id
)
GROUP BY name, currency
ORDER BY penalty DESC, missed DESC, name

