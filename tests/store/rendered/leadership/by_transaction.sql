-- with {"one_flow": false, "column": ""}
-- What the clocks of each transaction came to in a period and in the one before: a transaction counts once in each, with its largest value.
-- All together and, where a column is given, by its values: no other is read.
-- Of each transaction and period a number holds seven counts of a byte each (a flow has fewer than 256 SLAs): met, missed and unknown, the
-- same of what was promised to the customer, and protected.
SELECT
    dimension.1 AS by, dimension.2 AS name, currency, before,
    sum(if(before, decided_before, decided_now)) AS decided, sum(if(before, sum_met_before, sum_met_now)) AS met,
    sum(if(before, transactions_before, transactions_now)) AS transactions, sum(if(before, exceptions_before, exceptions_now)) AS exceptions,
    sum(if(before, in_full_of_before, in_full_of_now)) AS promised, sum(if(before, in_full_before, in_full_now)) AS kept,
    sum(if(before, sum_owed_before, sum_owed_now)) AS penalty, sum(if(before, sum_lost_before, sum_lost_now)) AS missed, sum(if(before, sum_kept_before, sum_kept_now)) AS protected,
    sum(if(before, sum_missed_before, sum_missed_now)) AS missed_clocks, sum(if(before, sum_saved_before, sum_saved_now)) AS protected_transactions
FROM
(
    SELECT
        '' AS of_column, toString(currency) AS currency,
        sum(met_now + missed_now) AS decided_now, sum(met_now) AS sum_met_now,
        countIf(now > 0) AS transactions_now, countIf(missed_now > 0) AS exceptions_now,
        countIf(promised_now > 0) AS in_full_of_now,
        countIf(promised_now > 0 AND broken_now = 0) AS in_full_now,
        sum(missed_now) AS sum_missed_now, countIf(saved_now) AS sum_saved_now,
        sum(owed_now) AS sum_owed_now, sum(lost_now) AS sum_lost_now,
        sum(kept_now) AS sum_kept_now,
        sum(met_before + missed_before) AS decided_before, sum(met_before) AS sum_met_before,
        countIf(before > 0) AS transactions_before, countIf(missed_before > 0) AS exceptions_before,
        countIf(promised_before > 0) AS in_full_of_before,
        countIf(promised_before > 0 AND broken_before = 0) AS in_full_before,
        sum(missed_before) AS sum_missed_before, countIf(saved_before) AS sum_saved_before,
        sum(owed_before) AS sum_owed_before, sum(lost_before) AS sum_lost_before,
        sum(kept_before) AS sum_kept_before
    FROM
    (
        SELECT
            currency, now, before,
            bitAnd(now, 0xFF) AS met_now, bitAnd(bitShiftRight(now, 8), 0xFF) AS missed_now,
            bitAnd(bitShiftRight(now, 24), 0xFFFF) AS promised_now,
            bitAnd(bitShiftRight(now, 32), 0xFF) AS broken_now,
            missed_now = 0 AND bitShiftRight(now, 48) > 0 AS saved_now,
            if(missed_now > 0,
                arraySum((owed, outcome, at) -> owed * (outcome = 2 AND at >= {start:DateTime('UTC')} AND at < {end:DateTime('UTC')}), penalties, outcomes, decided_at), 0
            ) AS owed_now,
            if(missed_now > 0,
                arrayMax((worth, outcome, at) -> worth * (outcome = 2 AND at >= {start:DateTime('UTC')} AND at < {end:DateTime('UTC')}), values, outcomes, decided_at), 0
            ) AS lost_now,
            if(saved_now,
                arrayMax((worth, saved, at) -> worth * (saved = 1 AND at >= {start:DateTime('UTC')} AND at < {end:DateTime('UTC')}), values, protecteds, decided_at), 0
            ) AS kept_now,
            bitAnd(before, 0xFF) AS met_before, bitAnd(bitShiftRight(before, 8), 0xFF) AS missed_before,
            bitAnd(bitShiftRight(before, 24), 0xFFFF) AS promised_before,
            bitAnd(bitShiftRight(before, 32), 0xFF) AS broken_before,
            missed_before = 0 AND bitShiftRight(before, 48) > 0 AS saved_before,
            if(missed_before > 0,
                arraySum((owed, outcome, at) -> owed * (outcome = 2 AND at >= {earlier:DateTime('UTC')} AND at < {start:DateTime('UTC')}), penalties, outcomes, decided_at), 0
            ) AS owed_before,
            if(missed_before > 0,
                arrayMax((worth, outcome, at) -> worth * (outcome = 2 AND at >= {earlier:DateTime('UTC')} AND at < {start:DateTime('UTC')}), values, outcomes, decided_at), 0
            ) AS lost_before,
            if(saved_before,
                arrayMax((worth, saved, at) -> worth * (saved = 1 AND at >= {earlier:DateTime('UTC')} AND at < {start:DateTime('UTC')}), values, protecteds, decided_at), 0
            ) AS kept_before
        FROM
        (
            SELECT
                *,
                arrayMap((sla, outcome, saved) ->
                    bitShiftLeft(toUInt64(1), 8 * (outcome - 1))
                        + bitShiftLeft(toUInt64(has({promises:Array(UInt32)},
                            in_flow + transform(sla, {promised:Array(String)}, {places:Array(UInt32)}, 0))), 8 * (outcome + 2))
                        + bitShiftLeft(toUInt64(saved), 48), slas, outcomes, protecteds) AS weights,
                arraySum((weight, at) -> weight * (at >= {start:DateTime('UTC')} AND at < {end:DateTime('UTC')}), weights, decided_at) AS now,
                arraySum((weight, at) -> weight * (at >= {earlier:DateTime('UTC')} AND at < {start:DateTime('UTC')}), weights, decided_at) AS before
            FROM
            (
                SELECT
                    currency, slas, outcomes, decided_at, values, penalties,
                    transaction_outcomes.protected AS protecteds,
                    transform(flow, {promising:Array(String)}, {bases:Array(UInt32)}, 0) AS in_flow
                FROM transaction_outcomes FINAL
                WHERE last_at >= {earlier:DateTime('UTC')} AND flow != {flow:String}
            )
        )
        WHERE now > 0 OR before > 0
    )
    GROUP BY of_column, currency
)
ARRAY JOIN [('all', '')] AS dimension
CROSS JOIN (SELECT arrayJoin([0, 1]) AS before) AS period
GROUP BY by, name, currency, before
HAVING transactions > 0

-- with {"one_flow": true, "column": "plant"}
-- What the clocks of each transaction came to in a period and in the one before: a transaction counts once in each, with its largest value.
-- All together and, where a column is given, by its values: no other is read.
-- Of each transaction and period a number holds seven counts of a byte each (a flow has fewer than 256 SLAs): met, missed and unknown, the
-- same of what was promised to the customer, and protected.
SELECT
    dimension.1 AS by, dimension.2 AS name, currency, before,
    sum(if(before, decided_before, decided_now)) AS decided, sum(if(before, sum_met_before, sum_met_now)) AS met,
    sum(if(before, transactions_before, transactions_now)) AS transactions, sum(if(before, exceptions_before, exceptions_now)) AS exceptions,
    sum(if(before, in_full_of_before, in_full_of_now)) AS promised, sum(if(before, in_full_before, in_full_now)) AS kept,
    sum(if(before, sum_owed_before, sum_owed_now)) AS penalty, sum(if(before, sum_lost_before, sum_lost_now)) AS missed, sum(if(before, sum_kept_before, sum_kept_now)) AS protected,
    sum(if(before, sum_missed_before, sum_missed_now)) AS missed_clocks, sum(if(before, sum_saved_before, sum_saved_now)) AS protected_transactions
FROM
(
    SELECT
        toString(plant) AS of_column, toString(currency) AS currency,
        sum(met_now + missed_now) AS decided_now, sum(met_now) AS sum_met_now,
        countIf(now > 0) AS transactions_now, countIf(missed_now > 0) AS exceptions_now,
        countIf(promised_now > 0) AS in_full_of_now,
        countIf(promised_now > 0 AND broken_now = 0) AS in_full_now,
        sum(missed_now) AS sum_missed_now, countIf(saved_now) AS sum_saved_now,
        sum(owed_now) AS sum_owed_now, sum(lost_now) AS sum_lost_now,
        sum(kept_now) AS sum_kept_now,
        sum(met_before + missed_before) AS decided_before, sum(met_before) AS sum_met_before,
        countIf(before > 0) AS transactions_before, countIf(missed_before > 0) AS exceptions_before,
        countIf(promised_before > 0) AS in_full_of_before,
        countIf(promised_before > 0 AND broken_before = 0) AS in_full_before,
        sum(missed_before) AS sum_missed_before, countIf(saved_before) AS sum_saved_before,
        sum(owed_before) AS sum_owed_before, sum(lost_before) AS sum_lost_before,
        sum(kept_before) AS sum_kept_before
    FROM
    (
        SELECT
            plant, currency, now, before,
            bitAnd(now, 0xFF) AS met_now, bitAnd(bitShiftRight(now, 8), 0xFF) AS missed_now,
            bitAnd(bitShiftRight(now, 24), 0xFFFF) AS promised_now,
            bitAnd(bitShiftRight(now, 32), 0xFF) AS broken_now,
            missed_now = 0 AND bitShiftRight(now, 48) > 0 AS saved_now,
            if(missed_now > 0,
                arraySum((owed, outcome, at) -> owed * (outcome = 2 AND at >= {start:DateTime('UTC')} AND at < {end:DateTime('UTC')}), penalties, outcomes, decided_at), 0
            ) AS owed_now,
            if(missed_now > 0,
                arrayMax((worth, outcome, at) -> worth * (outcome = 2 AND at >= {start:DateTime('UTC')} AND at < {end:DateTime('UTC')}), values, outcomes, decided_at), 0
            ) AS lost_now,
            if(saved_now,
                arrayMax((worth, saved, at) -> worth * (saved = 1 AND at >= {start:DateTime('UTC')} AND at < {end:DateTime('UTC')}), values, protecteds, decided_at), 0
            ) AS kept_now,
            bitAnd(before, 0xFF) AS met_before, bitAnd(bitShiftRight(before, 8), 0xFF) AS missed_before,
            bitAnd(bitShiftRight(before, 24), 0xFFFF) AS promised_before,
            bitAnd(bitShiftRight(before, 32), 0xFF) AS broken_before,
            missed_before = 0 AND bitShiftRight(before, 48) > 0 AS saved_before,
            if(missed_before > 0,
                arraySum((owed, outcome, at) -> owed * (outcome = 2 AND at >= {earlier:DateTime('UTC')} AND at < {start:DateTime('UTC')}), penalties, outcomes, decided_at), 0
            ) AS owed_before,
            if(missed_before > 0,
                arrayMax((worth, outcome, at) -> worth * (outcome = 2 AND at >= {earlier:DateTime('UTC')} AND at < {start:DateTime('UTC')}), values, outcomes, decided_at), 0
            ) AS lost_before,
            if(saved_before,
                arrayMax((worth, saved, at) -> worth * (saved = 1 AND at >= {earlier:DateTime('UTC')} AND at < {start:DateTime('UTC')}), values, protecteds, decided_at), 0
            ) AS kept_before
        FROM
        (
            SELECT
                *,
                arrayMap((sla, outcome, saved) ->
                    bitShiftLeft(toUInt64(1), 8 * (outcome - 1))
                        + bitShiftLeft(toUInt64(has({promises:Array(UInt32)},
                            in_flow + transform(sla, {promised:Array(String)}, {places:Array(UInt32)}, 0))), 8 * (outcome + 2))
                        + bitShiftLeft(toUInt64(saved), 48), slas, outcomes, protecteds) AS weights,
                arraySum((weight, at) -> weight * (at >= {start:DateTime('UTC')} AND at < {end:DateTime('UTC')}), weights, decided_at) AS now,
                arraySum((weight, at) -> weight * (at >= {earlier:DateTime('UTC')} AND at < {start:DateTime('UTC')}), weights, decided_at) AS before
            FROM
            (
                SELECT
                    plant, currency, slas, outcomes, decided_at, values, penalties,
                    transaction_outcomes.protected AS protecteds,
                    transform(flow, {promising:Array(String)}, {bases:Array(UInt32)}, 0) AS in_flow
                FROM transaction_outcomes FINAL
                WHERE last_at >= {earlier:DateTime('UTC')} AND flow = {flow:String}
            )
        )
        WHERE now > 0 OR before > 0
    )
    GROUP BY of_column, currency
)
ARRAY JOIN [('all', ''), ('plant', of_column)] AS dimension
CROSS JOIN (SELECT arrayJoin([0, 1]) AS before) AS period
GROUP BY by, name, currency, before
HAVING transactions > 0

