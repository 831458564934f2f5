-- with {}
-- All versions that the table still has: with FINAL, ClickHouse plans and reads each part on its own.
SELECT * EXCEPT (paused)
FROM clocks
WHERE flow IN {flows:Array(String)} AND transaction_id IN (SELECT arrayJoin(splitByChar(' ', {ids:String})))

