-- Keys of a slice's events that hold more than one content, and the content hash that is kept. The narrow table finds the keys; only where
-- there are any are events read, by the slice's index and their primary key.
WITH
    several AS
    (
        SELECT key
        FROM event_contents
        WHERE key IN (SELECT key FROM event_contents WHERE slice = {slice:UInt64})
        GROUP BY key
        HAVING min(content) != max(content)
    )
SELECT event_source, id, content_hash AS kept
FROM events FINAL
WHERE (event_source, id) IN
(
    SELECT event_source, id
    FROM events
    WHERE slice = {slice:UInt64} AND sipHash64(event_source, id) IN several
)
