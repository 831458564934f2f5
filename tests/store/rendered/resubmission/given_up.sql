-- with {}
-- The dead letters of a source that told of failures of transactions in an incident, the latest first; among how many.
WITH members AS
(
    SELECT DISTINCT flow, transaction_id
    FROM incident_members FINAL
    WHERE incident_id = {id:String} AND left_at IS NULL
),
failures AS
(
    SELECT signal_id, any(t.reference) AS reference, max(e.event_time) AS last_at
    FROM transaction_events AS e FINAL
    INNER JOIN (SELECT flow, transaction_id, reference FROM transactions FINAL WHERE (flow, transaction_id) IN (SELECT * FROM members)) AS t
        ON t.flow = e.flow AND t.transaction_id = e.transaction_id
    WHERE (e.flow, e.transaction_id) IN (SELECT * FROM members)
        AND e.signal = 'event' AND e.source = {source:String} AND e.failure = 1 AND e.active = 1
    GROUP BY signal_id
)
SELECT letters.id AS id, letters.source AS source, letters.type AS type, failures.reference AS reference, count() OVER () AS among
FROM
(
    SELECT DISTINCT event_source, id, source, type
    FROM events
    WHERE (event_source, id) IN (
    SELECT substring(signal_id, 1, blank - 1) AS event_source, substring(signal_id, blank + 1) AS id
    FROM (SELECT arrayJoin((SELECT groupArray(signal_id) FROM failures)) AS signal_id) AS named
    ARRAY JOIN arraySlice(arrayFilter(n -> substring(signal_id, n, 1) = ' ', range(1, length(signal_id) + 1)), 1, 100) AS blank
) AND endsWith(type, '.dead_letter')
) AS letters
INNER JOIN failures ON failures.signal_id = concat(letters.event_source, ' ', letters.id)
ORDER BY failures.last_at DESC, failures.signal_id
LIMIT {limit:UInt32}

