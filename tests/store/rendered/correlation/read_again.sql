-- with {"select": "SELECT 1"}
-- Gives the flows the milestone events of the signals that are still stored, in a new slice.
INSERT INTO milestone_events
SELECT * REPLACE({slice:UInt64} AS slice)
FROM
(
SELECT 1
)
WHERE flow IN {flows:Array(String)}

