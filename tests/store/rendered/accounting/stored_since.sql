-- with {}
-- Signals in the store that were received since a moment; while retention takes none of them this number never falls.
SELECT
    (SELECT count() FROM spans FINAL WHERE received_at >= {since:DateTime64(3, 'UTC')})
    + (SELECT count() FROM logs FINAL WHERE received_at >= {since:DateTime64(3, 'UTC')})
    + (SELECT count() FROM metrics FINAL WHERE received_at >= {since:DateTime64(3, 'UTC')})
    + (SELECT count() FROM events FINAL WHERE received_at >= {since:DateTime64(3, 'UTC')})
    AS stored

