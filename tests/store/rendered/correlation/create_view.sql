-- with {"table": "spans", "select": "SELECT 1"}
CREATE MATERIALIZED VIEW milestones_of_spans TO milestone_events AS
SELECT 1

