-- with {}
-- Clocks that run, by the milestone awaited. A transaction with several clocks towards one milestone counts once, by its worst.
SELECT
    flow, stage, currency,
    countIf(worst = 4) AS breached,
    countIf(worst = 3) AS at_risk,
    countIf(worst = 2) AS unknown,
    countIf(worst = 1) AS paused,
    countIf(worst = 0) AS running,
    sumIf(value, worst >= 3) AS value_at_risk,
    min(due) AS next_due_at
FROM
(
    SELECT
        flow, stage, transaction_id,
        max(transform(verdict, ['breached', 'at_risk', 'unknown', 'paused'], [4, 3, 2, 1], 0)) AS worst,
        maxIf(open_clocks.value, verdict IN ('at_risk', 'breached')) AS value,
        argMaxIf(open_clocks.currency, open_clocks.value, verdict IN ('at_risk', 'breached')) AS currency,
        minIf(due_at, due_at > {now:DateTime64(3, 'UTC')}) AS due
    FROM open_clocks FINAL
    GROUP BY flow, stage, transaction_id
)
GROUP BY flow, stage, currency

