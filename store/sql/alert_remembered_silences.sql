-- Those in force, and those that ended lately: what they kept quiet may still have to be told.
SELECT * EXCEPT (revision)
FROM silences FINAL
WHERE ends_at > (SELECT max(updated_at) FROM incidents) - INTERVAL 8 DAY
ORDER BY ends_at, silence_id
