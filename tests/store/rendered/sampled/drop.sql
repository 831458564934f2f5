-- with {"table": "sampled_signals"}
-- Takes away what was worked out of a sample.
DROP TABLE IF EXISTS sampled_signals SYNC

