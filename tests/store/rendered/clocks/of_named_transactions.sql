-- with {}
SELECT * EXCEPT (paused)
FROM clocks FINAL
WHERE flow IN {flows:Array(String)} AND transaction_id IN (SELECT arrayJoin(splitByChar(' ', {ids:String})))

