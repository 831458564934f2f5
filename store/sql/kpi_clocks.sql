-- Decided clocks and their transactions in a period and in the one before, by every dimension in one pass. A transaction has one flow,
-- plant and customer, so its counts by these three together add up to those by each; by day it may count on several.
SELECT
    place.1 AS by, place.2 AS name, before, sum(part.decided) AS decided, sum(part.met) AS met, sum(part.transactions) AS transactions,
    sum(part.exceptions) AS exceptions
FROM
(
    SELECT
        before, grouping(day) = 0 AS is_day, toString(day) AS of_day, toString(flow) AS of_flow, toString(plant) AS of_plant, toString(customer) AS of_customer,
        countIf(outcome != 'unknown') AS decided, countIf(outcome = 'met') AS met, uniq(transaction) AS transactions,
        uniqIf(transaction, outcome = 'missed') AS exceptions
    FROM
    (
        SELECT
            flow, plant, customer, cityHash64(transaction_id) AS transaction, outcome, decided_at < {start:DateTime64(3, 'UTC')} AS before,
            toDate(decided_at, {zone:String}) AS day
        FROM decided_clocks FINAL
        WHERE decided_at >= {earlier:DateTime64(3, 'UTC')} AND decided_at < {end:DateTime64(3, 'UTC')} /*flow*/
    )
    GROUP BY GROUPING SETS ((before, flow, plant, customer), (before, day))
) AS part
ARRAY JOIN if(is_day, [('day', of_day)], [('all', ''), ('flow', of_flow), ('plant', of_plant), ('customer', of_customer)]) AS place
GROUP BY by, name, before
