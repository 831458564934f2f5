-- Makes room for the next file's view, which reads times the first one lost.
DROP VIEW IF EXISTS decode_events SYNC
