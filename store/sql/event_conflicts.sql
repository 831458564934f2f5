-- Keys of a slice's events that hold more than one content, and the content hash that is kept. The slice index finds the keys, the
-- primary key finds their rows.
WITH
    several AS
    (
        SELECT event_source, id
        FROM events
        WHERE (event_source, id) IN (SELECT event_source, id FROM events WHERE slice = {slice:UInt64})
        GROUP BY event_source, id
        HAVING uniqExact(content_hash) > 1
    )
SELECT event_source, id, content_hash AS kept
FROM events FINAL
WHERE (event_source, id) IN several
