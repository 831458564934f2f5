-- Events of a store that is older than event_contents. Repeatable: a pair is kept once.
INSERT INTO event_contents
SELECT sipHash64(event_source, id), sipHash64(content_hash), slice, received_at
FROM events
