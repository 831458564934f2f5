-- What the store has lost, and what of it is back.
SELECT table_name, lost_rows, length(parts) AS lost_parts, found_at, mended_at, missing_rows, missing
FROM losses FINAL
ORDER BY found_at DESC
LIMIT 100
