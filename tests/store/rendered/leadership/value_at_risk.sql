-- with {"column": "''", "one_flow": false}
-- Of the transactions that open incidents hold, each once and with its largest value, by a dimension and by currency.
SELECT '' AS name, currency, sum(worth) AS value, count() AS transactions
FROM
(
    SELECT
        flow, transaction_id, max(members.value) AS worth, argMax(members.currency, members.value) AS currency,
        argMax(members.customer, members.value) AS customer, argMax(members.plant, members.value) AS plant
    FROM (
        SELECT incident_id, flow, transaction_id, sla, reference, verdict, due_at, value, currency, customer, plant
        FROM incident_members FINAL
        WHERE left_at IS NULL AND incident_id IN (SELECT incident_id FROM incidents FINAL WHERE status != 'resolved')
    ) AS members
    INNER JOIN
    (
        SELECT incident_id, stage, cause, owner
        FROM incidents FINAL
        WHERE status != 'resolved' AND flow NOT IN ({own:String}, {heartbeat:String})
    ) AS opened USING incident_id
    WHERE flow != {flow:String}
    GROUP BY flow, transaction_id
) AS held
GROUP BY name, currency
ORDER BY value DESC, name

-- with {"column": "supplier", "one_flow": true}
-- Of the transactions that open incidents hold, each once and with its largest value, by a dimension and by currency.
SELECT supplier AS name, currency, sum(worth) AS value, count() AS transactions
FROM
(
    SELECT
        flow, transaction_id, max(members.value) AS worth, argMax(members.currency, members.value) AS currency,
        argMax(members.customer, members.value) AS customer, argMax(members.plant, members.value) AS plant
    FROM (
        SELECT incident_id, flow, transaction_id, sla, reference, verdict, due_at, value, currency, customer, plant
        FROM incident_members FINAL
        WHERE left_at IS NULL AND incident_id IN (SELECT incident_id FROM incidents FINAL WHERE status != 'resolved')
    ) AS members
    INNER JOIN
    (
        SELECT incident_id, stage, cause, owner
        FROM incidents FINAL
        WHERE status != 'resolved' AND flow NOT IN ({own:String}, {heartbeat:String})
    ) AS opened USING incident_id
    WHERE flow = {flow:String}
    GROUP BY flow, transaction_id
) AS held
LEFT ANY JOIN
(
    SELECT flow, transaction_id, supplier, carrier
    FROM transactions FINAL
    WHERE (flow, transaction_id) IN
    (
        SELECT flow, transaction_id
        FROM incident_members
        WHERE incident_id IN (SELECT incident_id FROM incidents FINAL WHERE status != 'resolved')
    )
) AS companies USING flow, transaction_id
GROUP BY name, currency
ORDER BY value DESC, name

