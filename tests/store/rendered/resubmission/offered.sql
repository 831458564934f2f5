-- with {}
-- Which of these events are dead letters, and of which source.
SELECT DISTINCT id, source, type
FROM events
WHERE (event_source, id) IN (
    SELECT substring(signal_id, 1, blank - 1) AS event_source, substring(signal_id, blank + 1) AS id
    FROM (SELECT arrayJoin({ids:Array(String)}) AS signal_id) AS named
    ARRAY JOIN arraySlice(arrayFilter(n -> substring(signal_id, n, 1) = ' ', range(1, length(signal_id) + 1)), 1, 100) AS blank
) AND endsWith(type, '.dead_letter')
ORDER BY id

