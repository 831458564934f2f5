-- with {"one_flow": false}
SELECT flow, sla, at < {start:DateTime('UTC')} AS before, countIf(outcome = 1) AS met, countIf(outcome = 2) AS missed
FROM transaction_outcomes FINAL
ARRAY JOIN slas AS sla, decided_at AS at, outcomes AS outcome
WHERE last_at >= {earlier:DateTime('UTC')} AND at >= {earlier:DateTime('UTC')} AND at < {end:DateTime('UTC')}
    AND flow != {flow:String}
GROUP BY flow, sla, before

-- with {"one_flow": true}
SELECT flow, sla, at < {start:DateTime('UTC')} AS before, countIf(outcome = 1) AS met, countIf(outcome = 2) AS missed
FROM transaction_outcomes FINAL
ARRAY JOIN slas AS sla, decided_at AS at, outcomes AS outcome
WHERE last_at >= {earlier:DateTime('UTC')} AND at >= {earlier:DateTime('UTC')} AND at < {end:DateTime('UTC')}
    AND flow = {flow:String}
GROUP BY flow, sla, before

