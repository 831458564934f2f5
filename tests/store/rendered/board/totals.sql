-- with {}
-- Transactions with a running clock, each counted once by its worst verdict, by flow and currency.
SELECT
    flow, currency,
    countIf(worst = 4) AS breached,
    countIf(worst = 3) AS at_risk,
    countIf(worst = 2) AS unknown,
    countIf(worst = 2 AND lacking) AS lacking,
    sumIf(value, worst >= 3) AS value_at_risk,
    minIf(due, due > {now:DateTime64(3, 'UTC')}) AS next_due_at
FROM
(
    SELECT
        flow, transaction_id,
        max(transform(verdict, ['breached', 'at_risk', 'unknown', 'paused'], [4, 3, 2, 1], 0)) AS worst,
        max(verdict = 'unknown' AND due_at IS NULL) AS lacking,
        maxIf(open_clocks.value, verdict IN ('at_risk', 'breached')) AS value,
        argMaxIf(open_clocks.currency, open_clocks.value, verdict IN ('at_risk', 'breached')) AS currency,
        minIf(due_at, due_at > {now:DateTime64(3, 'UTC')} AND verdict IN ('running', 'at_risk')) AS due
    FROM open_clocks FINAL
    GROUP BY flow, transaction_id
)
GROUP BY flow, currency

