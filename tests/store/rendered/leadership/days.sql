-- with {"one_flow": false}
-- By day, a transaction counts once on each day one of its clocks was decided, and once as an exception on each day one was missed.
-- A number holds day, before and outcome of a clock.
SELECT
    'day' AS by, toString(toDate(intDiv(code, 8))) AS name, bitTest(any(code), 2) AS before,
    countIf(outcome != 3) AS decided, countIf(outcome = 1) AS met,
    countIf(nth = 1) AS transactions, countIf(outcome = 2 AND nth_outcome = 1) AS exceptions
FROM
(
    SELECT code, bitAnd(code, 3) AS outcome, nth, nth_outcome
    FROM
    (
        SELECT arrayFilter(code -> code > 0, arrayMap((at, outcome) ->
            if(at >= {earlier:DateTime('UTC')} AND at < {end:DateTime('UTC')},
                toUInt32(8 * toUInt32(toDate(at, {zone:String})) + 4 * (at < {start:DateTime('UTC')}) + outcome), 0),
            decided_at, outcomes)) AS codes
        FROM transaction_outcomes FINAL
        WHERE last_at >= {earlier:DateTime('UTC')} AND flow != {flow:String}
    )
    ARRAY JOIN
        codes AS code,
        arrayEnumerateUniq(arrayMap(code -> intDiv(code, 4), codes)) AS nth,
        arrayEnumerateUniq(codes) AS nth_outcome
)
GROUP BY intDiv(code, 4) AS day_and_before, intDiv(code, 8)

-- with {"one_flow": true}
-- By day, a transaction counts once on each day one of its clocks was decided, and once as an exception on each day one was missed.
-- A number holds day, before and outcome of a clock.
SELECT
    'day' AS by, toString(toDate(intDiv(code, 8))) AS name, bitTest(any(code), 2) AS before,
    countIf(outcome != 3) AS decided, countIf(outcome = 1) AS met,
    countIf(nth = 1) AS transactions, countIf(outcome = 2 AND nth_outcome = 1) AS exceptions
FROM
(
    SELECT code, bitAnd(code, 3) AS outcome, nth, nth_outcome
    FROM
    (
        SELECT arrayFilter(code -> code > 0, arrayMap((at, outcome) ->
            if(at >= {earlier:DateTime('UTC')} AND at < {end:DateTime('UTC')},
                toUInt32(8 * toUInt32(toDate(at, {zone:String})) + 4 * (at < {start:DateTime('UTC')}) + outcome), 0),
            decided_at, outcomes)) AS codes
        FROM transaction_outcomes FINAL
        WHERE last_at >= {earlier:DateTime('UTC')} AND flow = {flow:String}
    )
    ARRAY JOIN
        codes AS code,
        arrayEnumerateUniq(arrayMap(code -> intDiv(code, 4), codes)) AS nth,
        arrayEnumerateUniq(codes) AS nth_outcome
)
GROUP BY intDiv(code, 4) AS day_and_before, intDiv(code, 8)

