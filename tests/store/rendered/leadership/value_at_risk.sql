-- with {"column": "''", "one_flow": false}
-- What is at risk or breached now, each transaction once, by a dimension and by currency.
SELECT name, currency, sum(worth) AS value, count() AS transactions
FROM
(
    SELECT
        '' AS name, transaction_id,
        argMax(open_clocks.currency, open_clocks.value) AS currency, max(open_clocks.value) AS worth
    FROM open_clocks FINAL
    WHERE verdict IN ('at_risk', 'breached')
    GROUP BY name, transaction_id
)
GROUP BY name, currency
ORDER BY value DESC

-- with {"column": "plant", "one_flow": true}
-- What is at risk or breached now, each transaction once, by a dimension and by currency.
SELECT name, currency, sum(worth) AS value, count() AS transactions
FROM
(
    SELECT
        plant AS name, transaction_id,
        argMax(open_clocks.currency, open_clocks.value) AS currency, max(open_clocks.value) AS worth
    FROM open_clocks FINAL
    WHERE verdict IN ('at_risk', 'breached')
        AND flow = {flow:String}
    GROUP BY name, transaction_id
)
GROUP BY name, currency
ORDER BY value DESC

