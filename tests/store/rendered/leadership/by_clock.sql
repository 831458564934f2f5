-- with {"one_flow": false}
-- The decided clocks of a period and of the one before by day, SLA and cause. By day, a transaction counts once on each day one of its
-- clocks was decided, and once as an exception on each day one was missed. A number holds day, before and outcome of a clock.
SELECT
    dimension.1 AS by, dimension.2 AS name, currency, before,
    sum(part.met) + sum(part.late) AS decided, sum(part.met) AS met,
    sum(part.firsts) AS transactions, sum(part.first_late) AS exceptions,
    sum(part.penalty_sum) AS penalty, sum(part.missed_sum) AS missed, sum(part.protected_sum) AS protected,
    sum(part.late) AS missed_clocks, sum(part.saved) AS protected_transactions
FROM
(
    SELECT
        toString(flow) AS of_flow, toString(sla) AS of_sla, toString(cause) AS of_cause, toString(currency) AS currency,
        intDiv(code, 4) AS day_and_before, bitTest(day_and_before, 0) AS before, toString(toDate(intDiv(day_and_before, 2))) AS of_day,
        countIf(outcome = 1) AS met, countIf(outcome = 2) AS late, countIf(nth = 1) AS firsts,
        countIf(outcome = 2 AND nth_outcome = 1) AS first_late,
        sumIf(owed, outcome = 2) AS penalty_sum, sumIf(worth, outcome = 2) AS missed_sum, sumIf(worth, kept = 1) AS protected_sum,
        countIf(kept = 1) AS saved
    FROM
    (
        SELECT flow, currency, sla, cause, code, bitAnd(code, 3) AS outcome, kept, worth, owed, nth, nth_outcome
        FROM
        (
            SELECT
                flow, currency, slas, causes, values, penalties, transaction_outcomes.protected AS protecteds,
                arrayMap((at, outcome) ->
                    if(at >= {earlier:DateTime('UTC')} AND at < {end:DateTime('UTC')},
                        toUInt32(8 * toUInt32(toDate(at, {zone:String})) + 4 * (at < {start:DateTime('UTC')}) + outcome), 0),
                    decided_at, outcomes) AS codes
            FROM transaction_outcomes FINAL
            WHERE last_at >= {earlier:DateTime('UTC')} AND flow != {flow:String}
        )
        ARRAY JOIN
            slas AS sla, causes AS cause, codes AS code, protecteds AS kept, values AS worth, penalties AS owed,
            arrayEnumerateUniq(arrayMap(code -> intDiv(code, 4), codes)) AS nth, arrayEnumerateUniq(codes) AS nth_outcome
        WHERE code > 0
    )
    GROUP BY flow, sla, cause, currency, intDiv(code, 4) AS day_and_before
) AS part
ARRAY JOIN
    [('day', of_day), ('sla', concat(of_flow, '/', of_sla)), ('cause', concat(of_flow, '/', of_sla, '/', of_cause))] AS dimension
GROUP BY by, name, currency, before

-- with {"one_flow": true}
-- The decided clocks of a period and of the one before by day, SLA and cause. By day, a transaction counts once on each day one of its
-- clocks was decided, and once as an exception on each day one was missed. A number holds day, before and outcome of a clock.
SELECT
    dimension.1 AS by, dimension.2 AS name, currency, before,
    sum(part.met) + sum(part.late) AS decided, sum(part.met) AS met,
    sum(part.firsts) AS transactions, sum(part.first_late) AS exceptions,
    sum(part.penalty_sum) AS penalty, sum(part.missed_sum) AS missed, sum(part.protected_sum) AS protected,
    sum(part.late) AS missed_clocks, sum(part.saved) AS protected_transactions
FROM
(
    SELECT
        toString(flow) AS of_flow, toString(sla) AS of_sla, toString(cause) AS of_cause, toString(currency) AS currency,
        intDiv(code, 4) AS day_and_before, bitTest(day_and_before, 0) AS before, toString(toDate(intDiv(day_and_before, 2))) AS of_day,
        countIf(outcome = 1) AS met, countIf(outcome = 2) AS late, countIf(nth = 1) AS firsts,
        countIf(outcome = 2 AND nth_outcome = 1) AS first_late,
        sumIf(owed, outcome = 2) AS penalty_sum, sumIf(worth, outcome = 2) AS missed_sum, sumIf(worth, kept = 1) AS protected_sum,
        countIf(kept = 1) AS saved
    FROM
    (
        SELECT flow, currency, sla, cause, code, bitAnd(code, 3) AS outcome, kept, worth, owed, nth, nth_outcome
        FROM
        (
            SELECT
                flow, currency, slas, causes, values, penalties, transaction_outcomes.protected AS protecteds,
                arrayMap((at, outcome) ->
                    if(at >= {earlier:DateTime('UTC')} AND at < {end:DateTime('UTC')},
                        toUInt32(8 * toUInt32(toDate(at, {zone:String})) + 4 * (at < {start:DateTime('UTC')}) + outcome), 0),
                    decided_at, outcomes) AS codes
            FROM transaction_outcomes FINAL
            WHERE last_at >= {earlier:DateTime('UTC')} AND flow = {flow:String}
        )
        ARRAY JOIN
            slas AS sla, causes AS cause, codes AS code, protecteds AS kept, values AS worth, penalties AS owed,
            arrayEnumerateUniq(arrayMap(code -> intDiv(code, 4), codes)) AS nth, arrayEnumerateUniq(codes) AS nth_outcome
        WHERE code > 0
    )
    GROUP BY flow, sla, cause, currency, intDiv(code, 4) AS day_and_before
) AS part
ARRAY JOIN
    [('day', of_day), ('sla', concat(of_flow, '/', of_sla)), ('cause', concat(of_flow, '/', of_sla, '/', of_cause))] AS dimension
GROUP BY by, name, currency, before

