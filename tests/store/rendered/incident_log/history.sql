-- with {}
-- What happened to an incident, latest first: one line for each minute in which transactions joined, became late or left, and one for each
-- message and each thing that somebody did.
WITH members AS (SELECT * FROM incident_members FINAL WHERE incident_id = {id:String})
SELECT at, kind, who, what, transactions
FROM
(
    SELECT min(joined_at) AS at, 'joined' AS kind, '' AS who, '' AS what, uniqExact(transaction_id) AS transactions
    FROM members
    GROUP BY toStartOfMinute(joined_at)
    UNION ALL
    SELECT min(left_at) AS at, 'left', '', verdict, uniqExact(transaction_id)
    FROM members
    WHERE left_at IS NOT NULL
    GROUP BY toStartOfMinute(left_at), verdict
    UNION ALL
    SELECT min(decided_at) AS at, 'late', '', '', uniqExact(transaction_id)
    FROM verdicts
    WHERE (flow, sla, transaction_id) IN (SELECT flow, sla, transaction_id FROM members)
        AND verdict = 'breached' AND previous != 'breached'
    GROUP BY toStartOfMinute(decided_at)
    UNION ALL
    SELECT created_at AS at, 'notified', channel, concat(reason, ' ', state), 0
    FROM deliveries FINAL
    WHERE incident_id = {id:String}
    UNION ALL
    SELECT at, action, actor, detail, 0
    FROM actions
    WHERE target IN
    (
        SELECT {id:String}
        UNION ALL
        SELECT silence_id
        FROM silences FINAL
        WHERE flow IN ('', {flow:String}) AND stage IN ('', {stage:String}) AND cause IN ('', {cause:String}) AND incident_id IN ('', {id:String}) AND (removed OR ends_at > {since:DateTime64(3, 'UTC')})
    )
    UNION ALL
    SELECT resolved_at AS at, 'resolved', '', '', members_total
    FROM incidents FINAL
    WHERE incident_id = {id:String} AND resolved_at IS NOT NULL
)
ORDER BY at DESC, kind
LIMIT {limit:UInt32}

