-- with {"one_flow": false}
-- Decided clocks and their transactions in a period and in the one before. Per transaction a number holds six counts of a byte each (a flow
-- has fewer than 256 SLAs): met, missed and unknown now, then before.
SELECT
    dimension.1 AS by, dimension.2 AS name, before,
    sum(if(before, part.met_before + part.missed_before, part.met_now + part.missed_now)) AS decided,
    sum(if(before, part.met_before, part.met_now)) AS met,
    sum(if(before, part.transactions_before, part.transactions_now)) AS transactions,
    sum(if(before, part.late_before, part.late_now)) AS exceptions
FROM
(
    SELECT
        toString(flow) AS of_flow, toString(plant) AS of_plant, toString(customer) AS of_customer,
        sum(bitAnd(counts, 0xFF)) AS met_now, sum(bitAnd(bitShiftRight(counts, 8), 0xFF)) AS missed_now,
        sum(bitAnd(bitShiftRight(counts, 24), 0xFF)) AS met_before, sum(bitAnd(bitShiftRight(counts, 32), 0xFF)) AS missed_before,
        countIf(bitAnd(counts, 0xFFFFFF) > 0) AS transactions_now, countIf(bitAnd(counts, 0xFF00) > 0) AS late_now,
        countIf(bitShiftRight(counts, 24) > 0) AS transactions_before, countIf(bitAnd(counts, 0xFF00000000) > 0) AS late_before
    FROM
    (
        SELECT
            flow, plant, customer,
            arraySum((at, outcome) -> bitShiftLeft(toUInt64(at >= {earlier:DateTime('UTC')} AND at < {end:DateTime('UTC')}),
                toUInt8(8 * (outcome - 1) + 24 * (at < {start:DateTime('UTC')}))), decided_at, outcomes) AS counts
        FROM transaction_outcomes FINAL
        WHERE last_at >= {earlier:DateTime('UTC')} AND flow != {flow:String}
    )
    GROUP BY flow, plant, customer
) AS part
ARRAY JOIN [('all', ''), ('flow', of_flow), ('plant', of_plant), ('customer', of_customer)] AS dimension
CROSS JOIN (SELECT arrayJoin([0, 1]) AS before) AS period
GROUP BY by, name, before
HAVING transactions > 0

-- with {"one_flow": true}
-- Decided clocks and their transactions in a period and in the one before. Per transaction a number holds six counts of a byte each (a flow
-- has fewer than 256 SLAs): met, missed and unknown now, then before.
SELECT
    dimension.1 AS by, dimension.2 AS name, before,
    sum(if(before, part.met_before + part.missed_before, part.met_now + part.missed_now)) AS decided,
    sum(if(before, part.met_before, part.met_now)) AS met,
    sum(if(before, part.transactions_before, part.transactions_now)) AS transactions,
    sum(if(before, part.late_before, part.late_now)) AS exceptions
FROM
(
    SELECT
        toString(flow) AS of_flow, toString(plant) AS of_plant, toString(customer) AS of_customer,
        sum(bitAnd(counts, 0xFF)) AS met_now, sum(bitAnd(bitShiftRight(counts, 8), 0xFF)) AS missed_now,
        sum(bitAnd(bitShiftRight(counts, 24), 0xFF)) AS met_before, sum(bitAnd(bitShiftRight(counts, 32), 0xFF)) AS missed_before,
        countIf(bitAnd(counts, 0xFFFFFF) > 0) AS transactions_now, countIf(bitAnd(counts, 0xFF00) > 0) AS late_now,
        countIf(bitShiftRight(counts, 24) > 0) AS transactions_before, countIf(bitAnd(counts, 0xFF00000000) > 0) AS late_before
    FROM
    (
        SELECT
            flow, plant, customer,
            arraySum((at, outcome) -> bitShiftLeft(toUInt64(at >= {earlier:DateTime('UTC')} AND at < {end:DateTime('UTC')}),
                toUInt8(8 * (outcome - 1) + 24 * (at < {start:DateTime('UTC')}))), decided_at, outcomes) AS counts
        FROM transaction_outcomes FINAL
        WHERE last_at >= {earlier:DateTime('UTC')} AND flow = {flow:String}
    )
    GROUP BY flow, plant, customer
) AS part
ARRAY JOIN [('all', ''), ('flow', of_flow), ('plant', of_plant), ('customer', of_customer)] AS dimension
CROSS JOIN (SELECT arrayJoin([0, 1]) AS before) AS period
GROUP BY by, name, before
HAVING transactions > 0

