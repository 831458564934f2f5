WITH fresh AS
(
    SELECT slice, flow, event_id, received_at, keys
    FROM milestone_events
    WHERE slice > {after:UInt64}
    ORDER BY slice
    LIMIT {limit:UInt64} WITH TIES
)
SELECT
    each.flow AS flow,
    each.event_id AS event_id,
    concat(leftPad(lower(hex(toUInt64(toUnixTimestamp64Milli(each.received_at)))), 12, '0'), substring(each.event_id, 1, 20)) AS candidate_id,
    each.slice AS slice,
    each.taken AS taken,
    each.key.1 AS key_type,
    each.key.2 AS key_value,
    known.transaction_id AS transaction_id
FROM
(
    SELECT slice, taken, toString(flow) AS flow, event_id, received_at,
        arrayJoin(if(empty(keys), [('', '')], CAST(keys, 'Array(Tuple(String, String))'))) AS key
    FROM (SELECT *, count() OVER () AS taken FROM fresh ORDER BY slice, received_at LIMIT 1 BY flow, event_id)
) AS each
LEFT JOIN
(
    SELECT toString(flow) AS flow, (toString(key_type), key_value) AS key, transaction_id
    FROM transaction_keys FINAL
    WHERE key_value IN (SELECT arrayJoin(keys.value) FROM fresh) AND active
) AS known ON known.flow = each.flow AND known.key = each.key
SETTINGS join_use_nulls = 0
