-- with {"column": "concat(flow, '/', sla)", "one_flow": false}
-- The same by what a transaction has only one clock of.
SELECT
    concat(flow, '/', sla) AS name, currency, sumIf(owed, outcome = 2) AS penalty, sumIf(value, outcome = 2) AS missed,
    sumIf(value, saved = 1) AS protected,
    countIf(outcome = 2) AS missed_clocks, missed_clocks AS missed_transactions, countIf(saved = 1) AS protected_transactions
FROM transaction_outcomes FINAL
ARRAY JOIN
    slas AS sla, decided_at AS at, outcomes AS outcome, transaction_outcomes.protected AS saved, causes AS cause,
    values AS value, penalties AS owed
WHERE last_at >= {start:DateTime('UTC')} AND at >= {start:DateTime('UTC')} AND at < {end:DateTime('UTC')}
    AND (outcome = 2 OR saved = 1) AND flow != {flow:String}
GROUP BY name, currency
ORDER BY penalty DESC, missed DESC, name

-- with {"column": "concat(flow, '/', sla)", "one_flow": true}
-- The same by what a transaction has only one clock of.
SELECT
    concat(flow, '/', sla) AS name, currency, sumIf(owed, outcome = 2) AS penalty, sumIf(value, outcome = 2) AS missed,
    sumIf(value, saved = 1) AS protected,
    countIf(outcome = 2) AS missed_clocks, missed_clocks AS missed_transactions, countIf(saved = 1) AS protected_transactions
FROM transaction_outcomes FINAL
ARRAY JOIN
    slas AS sla, decided_at AS at, outcomes AS outcome, transaction_outcomes.protected AS saved, causes AS cause,
    values AS value, penalties AS owed
WHERE last_at >= {start:DateTime('UTC')} AND at >= {start:DateTime('UTC')} AND at < {end:DateTime('UTC')}
    AND (outcome = 2 OR saved = 1) AND flow = {flow:String}
GROUP BY name, currency
ORDER BY penalty DESC, missed DESC, name

