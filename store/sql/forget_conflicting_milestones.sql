-- Takes what was read of conflicting events ("contents": JSON list of [signal_id, content_hash], as base64) out of what is not correlated yet.
DELETE FROM milestone_events
WHERE signal = 'event' AND slice > (SELECT argMax(position, revision) FROM cursors WHERE stage = 'correlate')
    AND (signal_id, content_hash) IN (SELECT arrayJoin(JSONExtract(base64Decode({contents:String}), 'Array(Tuple(String, String))')))
