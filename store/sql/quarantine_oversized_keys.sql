INSERT INTO quarantine (slice, quarantine_id, source, received_at, lane, kind, reason, message, content_type, body, detail)
SELECT {revision:UInt64}, event_id, source, received_at, 'standard', toString(signal), 'bad_correlation_id',
    concat('milestone ', milestone, ' of flow ', flow, ': a business key is longer than 512 characters'),
    'text/plain', signal_id, toJSONString(map('flow', toString(flow), 'milestone', toString(milestone), 'signal_id', signal_id, 'trace_id', trace_id))
FROM milestone_events
WHERE slice > {after:UInt64} AND slice <= {upto:UInt64} AND has(keys.type, 'bad_correlation_id')
