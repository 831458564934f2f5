-- with {}
-- In one statement, because each takes longer to plan and to send than to run: open transactions by the milestone reached last, and since
-- when the oldest has stood there; how many have reached each milestone since a moment; what is due next; when a stage last made progress.
SELECT 'waiting' AS what, toString(flow) AS flow, toString(stage) AS place, count() AS number, toUInt64(0) AS more, min(updated_at) AS at
FROM transactions FINAL
WHERE state = 'open' AND flow != {heartbeat:String}
GROUP BY flow, stage
UNION ALL
SELECT 'reached', toString(flow), milestone, count(), 0, NULL
FROM
(
    SELECT flow, toString(arrayJoin(mapKeys(mapFilter((_, at) -> at > {since:DateTime64(3, 'UTC')}, first_at)))) AS milestone
    FROM transactions FINAL
    WHERE state != 'merged' AND flow != {heartbeat:String} AND (flow, transaction_id) IN
    (
        SELECT flow, transaction_id FROM transactions WHERE updated_at > {since:DateTime64(3, 'UTC')}
    )
)
GROUP BY flow, milestone
UNION ALL
SELECT 'due', '', '', 0, 0, min(due_at)
FROM open_clocks FINAL
WHERE due_at > {now:DateTime64(3, 'UTC')} AND verdict IN ('running', 'at_risk') AND flow != {heartbeat:String}
UNION ALL
SELECT 'processed', '', '', 0, 0, max(updated_at) FROM cursors
UNION ALL
-- Changes with every write to incidents, to silences, to what incidents hold and to where that stands. Rows are counted, too: of two
-- writers, the one with the smaller revision may come last.
SELECT 'mark' AS what, 'incidents' AS flow, '' AS place, max(revision) AS number, count() AS more, NULL AS at FROM incidents
UNION ALL
SELECT 'mark', 'members', '', max(revision), count(), NULL FROM incident_members
UNION ALL
SELECT 'mark', 'silences', '', max(revision), count(), NULL FROM silences
UNION ALL
SELECT 'mark', 'transactions', '', max(revision), count(), NULL FROM transactions

