-- By day, a transaction counts once on each day one of its clocks was decided, and once as an exception on each day one was missed.
SELECT
    'day' AS by, toString(day) AS name, before, countIf(outcome != 3) AS decided, countIf(outcome = 1) AS met, countIf(nth = 1) AS transactions,
    countIf(outcome = 2 AND nth_outcome = 1) AS exceptions
FROM
(
    SELECT
        arrayFilter((at, outcome) -> at >= {earlier:DateTime('UTC')} AND at < {end:DateTime('UTC')}, decided_at, outcomes) AS moments,
        arrayFilter((outcome, at) -> at >= {earlier:DateTime('UTC')} AND at < {end:DateTime('UTC')}, outcomes, decided_at) AS found,
        arrayMap(at -> toDate(at, {zone:String}), moments) AS days,
        arrayMap(at -> at < {start:DateTime('UTC')}, moments) AS befores
    FROM transaction_outcomes FINAL
    WHERE last_at >= {earlier:DateTime('UTC')} /*flow*/
)
ARRAY JOIN
    days AS day, befores AS before, found AS outcome, arrayEnumerateUniq(days, befores) AS nth, arrayEnumerateUniq(days, befores, found) AS nth_outcome
GROUP BY name, before
