-- with {"table": "spans"}
DROP VIEW IF EXISTS milestones_of_spans SYNC

