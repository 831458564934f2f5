-- Segments that were loaded and deleted, where the note of their loading was lost.
INSERT INTO loaded_segments (segment, lane, position, records, signals, slice, updated_at)
SELECT segment, lane, records, records, signals, 0, last_at
FROM swept_segments FINAL
WHERE segment NOT IN (SELECT segment FROM loaded_segments)
