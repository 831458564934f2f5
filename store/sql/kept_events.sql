-- The content hash that is kept of those events among "pairs" (JSON list of [event_source, id], as base64) whose key is one of "keys".
SELECT event_source, id, content_hash AS kept
FROM events FINAL
WHERE (event_source, id) IN
(
    SELECT pair.1, pair.2
    FROM (SELECT arrayJoin(JSONExtract(base64Decode({pairs:String}), 'Array(Tuple(String, String))')) AS pair)
    WHERE sipHash64(pair.1, pair.2) IN {keys:Array(UInt64)}
)
