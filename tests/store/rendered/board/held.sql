-- with {}
-- What open incidents hold, each transaction once, by its worst: 3 late or failed, 2 at risk, 1 unknown. "reached" is the milestone it
-- reached last, "stages" are those of its incidents. A transaction in several incidents has its largest value at risk.
SELECT flow, reached, stages, worst, failed, lacking, currency, count() AS transactions, sum(value) AS value_at_risk
FROM
(
    SELECT
        flow, transaction_id,
        max(transform(verdict, ['breached', 'failed', 'at_risk'], [3, 3, 2], 1)) AS worst,
        max(verdict = 'failed') AS failed,
        max(startsWith(cause, 'fact-missing:')) AS lacking,
        arraySort(groupUniqArray(toString(stage))) AS stages,
        max(members.value) AS value,
        argMax(members.currency, members.value) AS currency
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
    GROUP BY flow, transaction_id
) AS each
LEFT ANY JOIN
(
    SELECT flow, transaction_id, stage AS reached
    FROM transactions FINAL
    WHERE (flow, transaction_id) IN
    (
        SELECT flow, transaction_id
        FROM incident_members
        WHERE incident_id IN (SELECT incident_id FROM incidents FINAL WHERE status != 'resolved')
    )
) AS stands USING flow, transaction_id
GROUP BY flow, reached, stages, worst, failed, lacking, currency

