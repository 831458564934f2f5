-- with {}
-- All versions that the table still has: with FINAL, ClickHouse plans and reads each part on its own. Pauses as core.verdict.pauses_as_text
-- writes them, because most clocks have none and a list takes the client long.
SELECT
    * EXCEPT (paused),
    arrayStringConcat(arrayMap(
        p -> concat(toString(toUnixTimestamp64Milli(p.from)), ' ', ifNull(toString(toUnixTimestamp64Milli(p.to)), ''), ' ', p.reason, ';'),
        paused)) AS pauses
FROM clocks
WHERE flow IN {flows:Array(String)} AND transaction_id IN (SELECT arrayJoin(splitByChar(' ', {ids:String})))

