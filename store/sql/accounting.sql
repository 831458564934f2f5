-- Loaded signals, and where they are. Of the quarantine count: what collectors put there (by its signals), what the store refused (by its
-- signals), and events whose key was taken; not damaged records, whose signals nobody can count, nor keys that were too long, whose
-- signals are stored all the same. What was lost is counted by the rows of the parts that are gone, as long as they are not back.
SELECT
    (SELECT sum(arraySum(mapValues(signals))) FROM loaded_segments FINAL) AS loaded,
    (SELECT count() FROM spans FINAL) + (SELECT count() FROM logs FINAL) + (SELECT count() FROM metrics FINAL)
        + (SELECT count() FROM events FINAL) AS stored,
    (SELECT sum(greatest(1, JSONExtractUInt(detail, 'count'))) FROM quarantine FINAL
        WHERE reason NOT IN ('store_refused', 'journal_damaged', 'bad_correlation_id'))
        + (SELECT sum(refused_signals) FROM loaded_segments FINAL) AS quarantined,
    (SELECT sum(missing_rows) FROM losses FINAL WHERE table_name IN ('spans', 'logs', 'metrics', 'events')) AS lost
