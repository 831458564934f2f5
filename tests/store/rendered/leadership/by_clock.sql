-- with {"one_flow": true, "by": ""}
-- The decided clocks of a period and of the one before by day, by SLA and, if it is asked for, by cause; with money only where SLAs or
-- causes are asked for. By day, a transaction counts once on each day one of its clocks was decided, and once as an exception on each day
-- one was missed. A number holds day, before and outcome of a clock; another, which is cheaper to group by than words, is made of its flow,
-- SLA, cause and currency.
SELECT
    dimension.1 AS by, dimension.2 AS name, currency, before,
    sum(part.met) + sum(part.late) AS decided, sum(part.met) AS met,
    sum(part.firsts) AS transactions, sum(part.first_late) AS exceptions,
    sum(part.penalty_sum) AS penalty, sum(part.missed_sum) AS missed, sum(part.protected_sum) AS protected,
    sum(part.late) AS missed_clocks, sum(part.saved) AS protected_transactions
FROM
(
    SELECT
        toString(any(flow)) AS of_flow, toString(any(sla)) AS of_sla, 
        toString(any(money)) AS currency,
        intDiv(code, 4) AS day_and_before, bitTest(day_and_before, 0) AS before, toString(toDate(intDiv(day_and_before, 2))) AS of_day,
        countIf(outcome = 1) AS met, countIf(outcome = 2) AS late, countIf(nth = 1) AS firsts,
        countIf(outcome = 2 AND nth_outcome = 1) AS first_late,
        0 AS penalty_sum, 0 AS missed_sum, 0 AS protected_sum,
        countIf(kept = 1) AS saved
    FROM
    (
        SELECT
            flow, money, sla, kind, code, bitAnd(code, 3) AS outcome, kept,
            nth, nth_outcome
        FROM
        (
            SELECT
                flow, currency AS money, slas, 
                transaction_outcomes.protected AS protecteds,
                5 * cityHash64(flow) + 7 * cityHash64(currency) AS of_transaction,
                arrayMap(sla -> of_transaction + cityHash64(sla), slas) AS kinds,
                arrayMap((at, outcome) ->
                    if(at >= {earlier:DateTime('UTC')} AND at < {end:DateTime('UTC')},
                        toUInt32(8 * toUInt32(toDate(at, {zone:String})) + 4 * (at < {start:DateTime('UTC')}) + outcome), 0),
                    decided_at, outcomes) AS codes
            FROM transaction_outcomes FINAL
            WHERE last_at >= {earlier:DateTime('UTC')} AND flow = {flow:String}
        )
        ARRAY JOIN
            slas AS sla, kinds AS kind, codes AS code, protecteds AS kept,
            
            arrayEnumerateUniq(arrayMap(code -> intDiv(code, 4), codes)) AS nth, arrayEnumerateUniq(codes) AS nth_outcome
        WHERE code > 0
    )
    GROUP BY kind, intDiv(code, 4) AS day_and_before
) AS part
ARRAY JOIN
    [
        ('day', of_day),
        ('sla', concat(of_flow, '/', of_sla))
    ] AS dimension
GROUP BY by, name, currency, before

-- with {"one_flow": true, "by": "sla"}
-- The decided clocks of a period and of the one before by day, by SLA and, if it is asked for, by cause; with money only where SLAs or
-- causes are asked for. By day, a transaction counts once on each day one of its clocks was decided, and once as an exception on each day
-- one was missed. A number holds day, before and outcome of a clock; another, which is cheaper to group by than words, is made of its flow,
-- SLA, cause and currency.
SELECT
    dimension.1 AS by, dimension.2 AS name, currency, before,
    sum(part.met) + sum(part.late) AS decided, sum(part.met) AS met,
    sum(part.firsts) AS transactions, sum(part.first_late) AS exceptions,
    sum(part.penalty_sum) AS penalty, sum(part.missed_sum) AS missed, sum(part.protected_sum) AS protected,
    sum(part.late) AS missed_clocks, sum(part.saved) AS protected_transactions
FROM
(
    SELECT
        toString(any(flow)) AS of_flow, toString(any(sla)) AS of_sla, 
        toString(any(money)) AS currency,
        intDiv(code, 4) AS day_and_before, bitTest(day_and_before, 0) AS before, toString(toDate(intDiv(day_and_before, 2))) AS of_day,
        countIf(outcome = 1) AS met, countIf(outcome = 2) AS late, countIf(nth = 1) AS firsts,
        countIf(outcome = 2 AND nth_outcome = 1) AS first_late,
        sumIf(owed, outcome = 2) AS penalty_sum, sumIf(worth, outcome = 2) AS missed_sum, sumIf(worth, kept = 1) AS protected_sum,
        countIf(kept = 1) AS saved
    FROM
    (
        SELECT
            flow, money, sla, kind, code, bitAnd(code, 3) AS outcome, kept,
            worth, owed, nth, nth_outcome
        FROM
        (
            SELECT
                flow, currency AS money, slas, values, penalties, 
                transaction_outcomes.protected AS protecteds,
                5 * cityHash64(flow) + 7 * cityHash64(currency) AS of_transaction,
                arrayMap(sla -> of_transaction + cityHash64(sla), slas) AS kinds,
                arrayMap((at, outcome) ->
                    if(at >= {earlier:DateTime('UTC')} AND at < {end:DateTime('UTC')},
                        toUInt32(8 * toUInt32(toDate(at, {zone:String})) + 4 * (at < {start:DateTime('UTC')}) + outcome), 0),
                    decided_at, outcomes) AS codes
            FROM transaction_outcomes FINAL
            WHERE last_at >= {earlier:DateTime('UTC')} AND flow = {flow:String}
        )
        ARRAY JOIN
            slas AS sla, kinds AS kind, codes AS code, protecteds AS kept,
            values AS worth, penalties AS owed,
            arrayEnumerateUniq(arrayMap(code -> intDiv(code, 4), codes)) AS nth, arrayEnumerateUniq(codes) AS nth_outcome
        WHERE code > 0
    )
    GROUP BY kind, intDiv(code, 4) AS day_and_before
) AS part
ARRAY JOIN
    [
        ('day', of_day),
        ('sla', concat(of_flow, '/', of_sla))
    ] AS dimension
GROUP BY by, name, currency, before

-- with {"one_flow": true, "by": "cause"}
-- The decided clocks of a period and of the one before by day, by SLA and, if it is asked for, by cause; with money only where SLAs or
-- causes are asked for. By day, a transaction counts once on each day one of its clocks was decided, and once as an exception on each day
-- one was missed. A number holds day, before and outcome of a clock; another, which is cheaper to group by than words, is made of its flow,
-- SLA, cause and currency.
SELECT
    dimension.1 AS by, dimension.2 AS name, currency, before,
    sum(part.met) + sum(part.late) AS decided, sum(part.met) AS met,
    sum(part.firsts) AS transactions, sum(part.first_late) AS exceptions,
    sum(part.penalty_sum) AS penalty, sum(part.missed_sum) AS missed, sum(part.protected_sum) AS protected,
    sum(part.late) AS missed_clocks, sum(part.saved) AS protected_transactions
FROM
(
    SELECT
        toString(any(flow)) AS of_flow, toString(any(sla)) AS of_sla, toString(any(cause)) AS of_cause, 
        toString(any(money)) AS currency,
        intDiv(code, 4) AS day_and_before, bitTest(day_and_before, 0) AS before, toString(toDate(intDiv(day_and_before, 2))) AS of_day,
        countIf(outcome = 1) AS met, countIf(outcome = 2) AS late, countIf(nth = 1) AS firsts,
        countIf(outcome = 2 AND nth_outcome = 1) AS first_late,
        sumIf(owed, outcome = 2) AS penalty_sum, sumIf(worth, outcome = 2) AS missed_sum, sumIf(worth, kept = 1) AS protected_sum,
        countIf(kept = 1) AS saved
    FROM
    (
        SELECT
            flow, money, sla, cause, kind, code, bitAnd(code, 3) AS outcome, kept,
            worth, owed, nth, nth_outcome
        FROM
        (
            SELECT
                flow, currency AS money, slas, causes, values, penalties, 
                transaction_outcomes.protected AS protecteds,
                5 * cityHash64(flow) + 7 * cityHash64(currency) AS of_transaction,
                arrayMap((sla, cause) -> of_transaction + bitXor(cityHash64(sla), 3 * cityHash64(cause)), slas, causes) AS kinds,
                arrayMap((at, outcome) ->
                    if(at >= {earlier:DateTime('UTC')} AND at < {end:DateTime('UTC')},
                        toUInt32(8 * toUInt32(toDate(at, {zone:String})) + 4 * (at < {start:DateTime('UTC')}) + outcome), 0),
                    decided_at, outcomes) AS codes
            FROM transaction_outcomes FINAL
            WHERE last_at >= {earlier:DateTime('UTC')} AND flow = {flow:String}
        )
        ARRAY JOIN
            slas AS sla, causes AS cause, kinds AS kind, codes AS code, protecteds AS kept,
            values AS worth, penalties AS owed,
            arrayEnumerateUniq(arrayMap(code -> intDiv(code, 4), codes)) AS nth, arrayEnumerateUniq(codes) AS nth_outcome
        WHERE code > 0
    )
    GROUP BY kind, intDiv(code, 4) AS day_and_before
) AS part
ARRAY JOIN
    [
        ('day', of_day),
        ('sla', concat(of_flow, '/', of_sla)),
        ('cause', concat(of_flow, '/', of_sla, '/', of_cause))
    ] AS dimension
GROUP BY by, name, currency, before

