-- with {"columns": [], "one_flow": false}
-- The same transactions, each with its promise that puts the most at risk, and of those the one that is due first.
SELECT
    flow, sla, transaction_id, reference, stage, due_at, verdict, members.value AS value, members.currency AS currency, customer, plant,
    owner
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
ORDER BY value DESC, due_at, transaction_id
LIMIT 1 BY flow, transaction_id
LIMIT {limit:UInt32}

-- with {"columns": ["plant", "supplier"], "one_flow": true}
-- The same transactions, each with its promise that puts the most at risk, and of those the one that is due first.
SELECT
    flow, sla, transaction_id, reference, stage, due_at, verdict, members.value AS value, members.currency AS currency, customer, plant,
    owner
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
    AND plant = {plant:String}
    AND (flow, transaction_id) IN
    (
        SELECT flow, transaction_id
        FROM (
    SELECT flow, transaction_id, supplier, carrier
    FROM transactions FINAL
    WHERE (flow, transaction_id) IN
    (
        SELECT flow, transaction_id
        FROM incident_members
        WHERE incident_id IN (SELECT incident_id FROM incidents FINAL WHERE status != 'resolved')
    )
)
        WHERE 1
            AND supplier = {supplier:String}
    )
ORDER BY value DESC, due_at, transaction_id
LIMIT 1 BY flow, transaction_id
LIMIT {limit:UInt32}

