SELECT * EXCEPT (revision)
FROM silences FINAL
WHERE removed = 0
ORDER BY ends_at, silence_id
