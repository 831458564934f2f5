-- with {"name": "milestones_of_spans", "target": "milestone_events", "select": "SELECT 1"}
CREATE MATERIALIZED VIEW milestones_of_spans TO milestone_events AS
SELECT 1

