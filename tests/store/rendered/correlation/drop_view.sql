-- with {"name": "milestones_of_spans"}
DROP VIEW IF EXISTS milestones_of_spans SYNC

