-- Keeps event_contents in step with events.
CREATE MATERIALIZED VIEW note_event_contents TO event_contents AS
SELECT sipHash64(event_source, id) AS key, sipHash64(content_hash) AS content, slice, received_at
FROM events
