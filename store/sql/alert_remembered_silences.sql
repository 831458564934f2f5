-- Those in force, and those that ended lately (eight days, a day more than the longest silence): what they kept quiet may have to be told.
SELECT * EXCEPT (revision)
FROM silences FINAL
WHERE ends_at > (SELECT max(updated_at) FROM incidents) - INTERVAL 8 DAY
ORDER BY ends_at, silence_id
