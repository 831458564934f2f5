-- with {}
-- What happened to an incident, latest first: one line for each minute in which transactions joined, became late or left, one for each
-- message, whatever channels it went to, and one for each thing that somebody did. A transaction joins once and leaves once, whatever it
-- was here for; what becomes late after it has left is late elsewhere.
WITH members AS (SELECT * FROM incident_members FINAL WHERE incident_id = {id:String})
SELECT at, kind, who, what, number
FROM
(
    SELECT min(first_at) AS at, 'joined' AS kind, '' AS who, '' AS what, count() AS number
    FROM (SELECT min(joined_at) AS first_at FROM members GROUP BY flow, transaction_id)
    GROUP BY toStartOfMinute(first_at)
    UNION ALL
    SELECT min(last_at) AS at, 'left', '', last, count()
    FROM
    (
        SELECT assumeNotNull(max(left_at)) AS last_at, argMax(verdict, (left_at, sla != '')) AS last
        FROM members
        GROUP BY flow, transaction_id
        HAVING countIf(left_at IS NULL) = 0
    )
    GROUP BY toStartOfMinute(last_at), last
    UNION ALL
    SELECT min(first_at) AS at, 'late', '', '', count()
    FROM
    (
        SELECT min(decided_at) AS first_at
        FROM verdicts
        INNER JOIN (SELECT flow, sla, transaction_id, left_at FROM members) AS own USING (flow, sla, transaction_id)
        WHERE (flow, sla, transaction_id) IN (SELECT flow, sla, transaction_id FROM members)
            AND verdict = 'breached' AND previous != 'breached' AND (left_at IS NULL OR decided_at <= left_at)
        GROUP BY flow, transaction_id
    )
    GROUP BY toStartOfMinute(first_at)
    UNION ALL
    SELECT min(created_at) AS at, 'notified', arrayStringConcat(arraySort(groupUniqArray(channel)), ', '), concat(reason, ' ', came_of_it),
        uniqExact(channel)
    FROM (SELECT *, if(state = 'sent' AND error != '', 'missed', state) AS came_of_it FROM deliveries FINAL WHERE incident_id = {id:String})
    GROUP BY toStartOfMinute(created_at), reason, came_of_it
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
    SELECT reopened_at AS at, 'reopened', '', '', 0
    FROM incidents FINAL
    WHERE incident_id = {id:String} AND reopened_at IS NOT NULL
    UNION ALL
    SELECT resolved_at AS at, 'resolved', '', '', members_total
    FROM incidents FINAL
    WHERE incident_id = {id:String} AND resolved_at IS NOT NULL
)
ORDER BY at DESC, indexOf(['notified', 'resolved', 'left', 'late', 'joined', 'reopened'], kind)
LIMIT {limit:UInt32}

