SELECT
    flow, sla, toDate(at, {zone:String}) AS day,
    countIf(outcome = 1) AS met, countIf(outcome = 2) AS missed, countIf(outcome = 3) AS unknown, count() AS total
FROM transaction_outcomes FINAL
ARRAY JOIN slas AS sla, decided_at AS at, outcomes AS outcome
WHERE last_at >= {start:DateTime('UTC')} AND at >= {start:DateTime('UTC')} AND at < {end:DateTime('UTC')}
GROUP BY flow, sla, day
ORDER BY flow, sla, day
