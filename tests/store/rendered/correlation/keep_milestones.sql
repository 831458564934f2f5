-- with {"table": "spans"}
-- Takes milestone events into the new slice as they are, where their signal has expired: it is older than all that is stored, or past its
-- retention and not read again just now. Parts expire in any order, so a signal may be gone while an older one is still there.
INSERT INTO milestone_events
SELECT * REPLACE({slice:UInt64} AS slice)
FROM milestone_events
WHERE flow IN {flows:Array(String)} AND signal = {signal:String}
    AND milestone_events.slice < {slice:UInt64} -- by the table's name: what is replaced hides the column of that name
    AND received_at < greatest(
        (SELECT if(count() = 0, toDateTime64('2262-04-11', 3, 'UTC'), min(received_at)) FROM spans),
        (
            SELECT now64(3, 'UTC') - toIntervalDay(toUInt32OrDefault(extract(engine_full, 'toIntervalDay[(]([0-9]+)[)]'), toUInt32(36500)))
            FROM system.tables
            WHERE database = currentDatabase() AND name = 'spans'
        ))
    AND (flow, event_id) NOT IN
    (
        SELECT flow, event_id
        FROM milestone_events
        WHERE flow IN {flows:Array(String)} AND milestone_events.slice = {slice:UInt64}
    )

