-- with {}
-- Which of these events hold text or bytes in which no path can find anything.
SELECT DISTINCT concat(event_source, ' ', id) AS signal_id
FROM events
WHERE (event_source, id) IN (
    SELECT substring(signal_id, 1, blank - 1) AS event_source, substring(signal_id, blank + 1) AS id
    FROM (SELECT arrayJoin({ids:Array(String)}) AS signal_id) AS named
    ARRAY JOIN arraySlice(arrayFilter(n -> substring(signal_id, n, 1) = ' ', range(1, length(signal_id) + 1)), 1, 100) AS blank
) AND (binary = 1 OR startsWith(data, '"'))

