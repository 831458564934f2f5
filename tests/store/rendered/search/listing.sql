-- with {"columns": [], "by_id": false, "awaited": false, "failed": false, "verdict": false, "clock_is_open": true, "in_window": true, "promises": false, "order": "newest", "reverse": false}
-- First the narrow columns of all that match, then the wide ones of the few that are shown: by PREWHERE, FINAL compares these alone.
SELECT
    flow, transaction_id, reference, state, stage, started_at, updated_at, ended_at, failed_stage, cause,
    customer, supplier, carrier, plant
FROM transactions FINAL
PREWHERE (flow, transaction_id) IN
(
    SELECT flow, transaction_id
    FROM transactions FINAL
    WHERE state != 'merged'
        AND transaction_id >= {first:String} AND transaction_id < {last:String}
        AND flow != {heartbeat:String}
    ORDER BY  transaction_id DESC
    LIMIT {limit:UInt32}
)
ORDER BY  transaction_id DESC

-- with {"columns": [], "by_id": true, "awaited": false, "failed": false, "verdict": false, "clock_is_open": true, "in_window": false, "promises": false, "order": "newest", "reverse": false}
-- First the narrow columns of all that match, then the wide ones of the few that are shown: by PREWHERE, FINAL compares these alone.
SELECT
    flow, transaction_id, reference, state, stage, started_at, updated_at, ended_at, failed_stage, cause,
    customer, supplier, carrier, plant
FROM transactions FINAL
PREWHERE (flow, transaction_id) IN
(
    SELECT flow, transaction_id
    FROM transactions FINAL
    WHERE transaction_id IN (SELECT arrayJoin({ids:Array(String)}))
    ORDER BY  transaction_id DESC
    LIMIT {limit:UInt32}
)
ORDER BY  transaction_id DESC

-- with {"columns": ["flow", "state", "stage", "customer", "supplier", "carrier", "plant"], "by_id": false, "awaited": false, "failed": false, "verdict": false, "clock_is_open": true, "in_window": true, "promises": false, "order": "newest", "reverse": false}
-- First the narrow columns of all that match, then the wide ones of the few that are shown: by PREWHERE, FINAL compares these alone.
SELECT
    flow, transaction_id, reference, state, stage, started_at, updated_at, ended_at, failed_stage, cause,
    customer, supplier, carrier, plant
FROM transactions FINAL
PREWHERE (flow, transaction_id) IN
(
    SELECT flow, transaction_id
    FROM transactions FINAL
    WHERE state != 'merged'
        AND transaction_id >= {first:String} AND transaction_id < {last:String}
        AND flow = {flow:String}
        AND state = {state:String}
        AND stage = {stage:String}
        AND customer = {customer:String}
        AND supplier = {supplier:String}
        AND carrier = {carrier:String}
        AND plant = {plant:String}
    ORDER BY  transaction_id DESC
    LIMIT {limit:UInt32}
)
ORDER BY  transaction_id DESC

-- with {"columns": [], "by_id": false, "awaited": false, "failed": true, "verdict": true, "clock_is_open": true, "in_window": true, "promises": false, "order": "newest", "reverse": false}
-- First the narrow columns of all that match, then the wide ones of the few that are shown: by PREWHERE, FINAL compares these alone.
SELECT
    flow, transaction_id, reference, state, stage, started_at, updated_at, ended_at, failed_stage, cause,
    customer, supplier, carrier, plant
FROM transactions FINAL
PREWHERE (flow, transaction_id) IN
(
    SELECT flow, transaction_id
    FROM transactions FINAL
    WHERE state != 'merged'
        AND transaction_id >= {first:String} AND transaction_id < {last:String}
        AND flow != {heartbeat:String}
        AND state = 'open' AND failed_stage != ''
    ORDER BY  transaction_id DESC
    LIMIT {limit:UInt32}
)
ORDER BY  transaction_id DESC

-- with {"columns": [], "by_id": false, "awaited": true, "failed": true, "verdict": true, "clock_is_open": true, "in_window": true, "promises": false, "order": "newest", "reverse": false}
-- First the narrow columns of all that match, then the wide ones of the few that are shown: by PREWHERE, FINAL compares these alone.
SELECT
    flow, transaction_id, reference, state, stage, started_at, updated_at, ended_at, failed_stage, cause,
    customer, supplier, carrier, plant
FROM transactions FINAL
PREWHERE (flow, transaction_id) IN
(
    SELECT flow, transaction_id
    FROM transactions FINAL
    WHERE state != 'merged'
        AND transaction_id >= {first:String} AND transaction_id < {last:String}
        AND flow != {heartbeat:String}
        AND state = 'open' AND failed_stage != '' AND failed_stage = {awaited:String}
    ORDER BY  transaction_id DESC
    LIMIT {limit:UInt32}
)
ORDER BY  transaction_id DESC

-- with {"columns": [], "by_id": false, "awaited": true, "failed": false, "verdict": false, "clock_is_open": true, "in_window": true, "promises": false, "order": "newest", "reverse": false}
-- First the narrow columns of all that match, then the wide ones of the few that are shown: by PREWHERE, FINAL compares these alone.
SELECT
    flow, transaction_id, reference, state, stage, started_at, updated_at, ended_at, failed_stage, cause,
    customer, supplier, carrier, plant
FROM transactions FINAL
PREWHERE (flow, transaction_id) IN
(
    SELECT flow, transaction_id
    FROM transactions FINAL
    WHERE state != 'merged'
        AND transaction_id >= {first:String} AND transaction_id < {last:String}
        AND flow != {heartbeat:String}
        AND (state = 'open' AND failed_stage != '' AND failed_stage = {awaited:String} OR (flow, transaction_id) IN
        (
            SELECT flow, transaction_id
            FROM open_clocks FINAL
            WHERE verdict IN {troubled:Array(String)}
                AND stage = {awaited:String}
                AND transaction_id >= {first:String} AND transaction_id < {last:String}
        ))
    ORDER BY  transaction_id DESC
    LIMIT {limit:UInt32}
)
ORDER BY  transaction_id DESC

-- with {"columns": [], "by_id": false, "awaited": false, "failed": false, "verdict": true, "clock_is_open": true, "in_window": false, "promises": false, "order": "newest", "reverse": false}
-- First the narrow columns of all that match, then the wide ones of the few that are shown: by PREWHERE, FINAL compares these alone.
SELECT
    flow, transaction_id, reference, state, stage, started_at, updated_at, ended_at, failed_stage, cause,
    customer, supplier, carrier, plant
FROM transactions FINAL
PREWHERE (flow, transaction_id) IN
(
    SELECT flow, transaction_id
    FROM transactions FINAL
    WHERE state != 'merged'
        AND flow != {heartbeat:String}
        AND (flow, transaction_id) IN
        (
            SELECT flow, transaction_id
            FROM open_clocks FINAL
            WHERE verdict = {verdict:String}
        )
    ORDER BY  transaction_id DESC
    LIMIT {limit:UInt32}
)
ORDER BY  transaction_id DESC

-- with {"columns": [], "by_id": false, "awaited": true, "failed": false, "verdict": true, "clock_is_open": false, "in_window": true, "promises": false, "order": "newest", "reverse": false}
-- First the narrow columns of all that match, then the wide ones of the few that are shown: by PREWHERE, FINAL compares these alone.
SELECT
    flow, transaction_id, reference, state, stage, started_at, updated_at, ended_at, failed_stage, cause,
    customer, supplier, carrier, plant
FROM transactions FINAL
PREWHERE (flow, transaction_id) IN
(
    SELECT flow, transaction_id
    FROM transactions FINAL
    WHERE state != 'merged'
        AND transaction_id >= {first:String} AND transaction_id < {last:String}
        AND flow != {heartbeat:String}
        AND (flow, transaction_id) IN
        (
            SELECT flow, transaction_id
            FROM clocks FINAL
            WHERE verdict = {verdict:String}
                AND removed = 0
                AND stage = {awaited:String}
                AND transaction_id >= {first:String} AND transaction_id < {last:String}
        )
    ORDER BY  transaction_id DESC
    LIMIT {limit:UInt32}
)
ORDER BY  transaction_id DESC

-- with {"columns": [], "by_id": false, "awaited": false, "failed": false, "verdict": false, "clock_is_open": false, "in_window": true, "promises": true, "order": "newest", "reverse": false}
-- First the narrow columns of all that match, then the wide ones of the few that are shown: by PREWHERE, FINAL compares these alone.
SELECT
    flow, transaction_id, reference, state, stage, started_at, updated_at, ended_at, failed_stage, cause,
    customer, supplier, carrier, plant
FROM transactions FINAL
PREWHERE (flow, transaction_id) IN
(
    SELECT flow, transaction_id
    FROM transactions FINAL
    WHERE state != 'merged'
        AND transaction_id >= {first:String} AND transaction_id < {last:String}
        AND flow != {heartbeat:String}
        AND (flow, transaction_id) IN
        (
            SELECT flow, transaction_id
            FROM clocks FINAL
            WHERE 1
                AND removed = 0
                AND (flow, sla) IN {promises:Array(Tuple(String, String))}
                AND transaction_id >= {first:String} AND transaction_id < {last:String}
        )
    ORDER BY  transaction_id DESC
    LIMIT {limit:UInt32}
)
ORDER BY  transaction_id DESC

-- with {"columns": [], "by_id": false, "awaited": false, "failed": false, "verdict": false, "clock_is_open": true, "in_window": true, "promises": false, "order": "reference", "reverse": false}
-- First the narrow columns of all that match, then the wide ones of the few that are shown: by PREWHERE, FINAL compares these alone.
SELECT
    flow, transaction_id, reference, state, stage, started_at, updated_at, ended_at, failed_stage, cause,
    customer, supplier, carrier, plant
FROM transactions FINAL
PREWHERE (flow, transaction_id) IN
(
    SELECT flow, transaction_id
    FROM transactions FINAL
    WHERE state != 'merged'
        AND transaction_id >= {first:String} AND transaction_id < {last:String}
        AND flow != {heartbeat:String}
    ORDER BY toUInt64OrZero(reference) ASC, reference ASC, transaction_id DESC
    LIMIT {limit:UInt32}
)
ORDER BY toUInt64OrZero(reference) ASC, reference ASC, transaction_id DESC

-- with {"columns": [], "by_id": false, "awaited": false, "failed": false, "verdict": false, "clock_is_open": true, "in_window": true, "promises": false, "order": "flow", "reverse": false}
-- First the narrow columns of all that match, then the wide ones of the few that are shown: by PREWHERE, FINAL compares these alone.
SELECT
    flow, transaction_id, reference, state, stage, started_at, updated_at, ended_at, failed_stage, cause,
    customer, supplier, carrier, plant
FROM transactions FINAL
PREWHERE (flow, transaction_id) IN
(
    SELECT flow, transaction_id
    FROM transactions FINAL
    WHERE state != 'merged'
        AND transaction_id >= {first:String} AND transaction_id < {last:String}
        AND flow != {heartbeat:String}
    ORDER BY transform(toString(flow), {flows:Array(String)}, {flow_titles:Array(String)}, toString(flow)) ASC, transaction_id DESC
    LIMIT {limit:UInt32}
)
ORDER BY transform(toString(flow), {flows:Array(String)}, {flow_titles:Array(String)}, toString(flow)) ASC, transaction_id DESC

-- with {"columns": [], "by_id": false, "awaited": false, "failed": false, "verdict": false, "clock_is_open": true, "in_window": true, "promises": false, "order": "stage", "reverse": false}
-- First the narrow columns of all that match, then the wide ones of the few that are shown: by PREWHERE, FINAL compares these alone.
SELECT
    flow, transaction_id, reference, state, stage, started_at, updated_at, ended_at, failed_stage, cause,
    customer, supplier, carrier, plant
FROM transactions FINAL
PREWHERE (flow, transaction_id) IN
(
    SELECT flow, transaction_id
    FROM transactions FINAL
    WHERE state != 'merged'
        AND transaction_id >= {first:String} AND transaction_id < {last:String}
        AND flow != {heartbeat:String}
    ORDER BY transform(concat(flow, '/', stage), {stages:Array(String)}, {stage_titles:Array(String)}, toString(stage)) ASC, transaction_id DESC
    LIMIT {limit:UInt32}
)
ORDER BY transform(concat(flow, '/', stage), {stages:Array(String)}, {stage_titles:Array(String)}, toString(stage)) ASC, transaction_id DESC

-- with {"columns": [], "by_id": false, "awaited": false, "failed": false, "verdict": false, "clock_is_open": true, "in_window": true, "promises": false, "order": "state", "reverse": false}
-- First the narrow columns of all that match, then the wide ones of the few that are shown: by PREWHERE, FINAL compares these alone.
SELECT
    flow, transaction_id, reference, state, stage, started_at, updated_at, ended_at, failed_stage, cause,
    customer, supplier, carrier, plant
FROM transactions FINAL
PREWHERE (flow, transaction_id) IN
(
    SELECT flow, transaction_id
    FROM transactions FINAL
    WHERE state != 'merged'
        AND transaction_id >= {first:String} AND transaction_id < {last:String}
        AND flow != {heartbeat:String}
    ORDER BY if(failed_stage = '', state, 'failed') ASC, transaction_id DESC
    LIMIT {limit:UInt32}
)
ORDER BY if(failed_stage = '', state, 'failed') ASC, transaction_id DESC

-- with {"columns": [], "by_id": false, "awaited": false, "failed": false, "verdict": false, "clock_is_open": true, "in_window": true, "promises": false, "order": "updated", "reverse": false}
-- First the narrow columns of all that match, then the wide ones of the few that are shown: by PREWHERE, FINAL compares these alone.
SELECT
    flow, transaction_id, reference, state, stage, started_at, updated_at, ended_at, failed_stage, cause,
    customer, supplier, carrier, plant
FROM transactions FINAL
PREWHERE (flow, transaction_id) IN
(
    SELECT flow, transaction_id
    FROM transactions FINAL
    WHERE state != 'merged'
        AND transaction_id >= {first:String} AND transaction_id < {last:String}
        AND flow != {heartbeat:String}
    ORDER BY updated_at DESC, transaction_id DESC
    LIMIT {limit:UInt32}
)
ORDER BY updated_at DESC, transaction_id DESC

-- with {"columns": [], "by_id": false, "awaited": false, "failed": false, "verdict": false, "clock_is_open": true, "in_window": true, "promises": false, "order": "customer", "reverse": true}
-- First the narrow columns of all that match, then the wide ones of the few that are shown: by PREWHERE, FINAL compares these alone.
SELECT
    flow, transaction_id, reference, state, stage, started_at, updated_at, ended_at, failed_stage, cause,
    customer, supplier, carrier, plant
FROM transactions FINAL
PREWHERE (flow, transaction_id) IN
(
    SELECT flow, transaction_id
    FROM transactions FINAL
    WHERE state != 'merged'
        AND transaction_id >= {first:String} AND transaction_id < {last:String}
        AND flow != {heartbeat:String}
    ORDER BY customer = '', lowerUTF8(customer) DESC, transaction_id DESC
    LIMIT {limit:UInt32}
)
ORDER BY customer = '', lowerUTF8(customer) DESC, transaction_id DESC

