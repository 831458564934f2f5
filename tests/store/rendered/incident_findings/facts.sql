-- with {}
-- What stands out among the facts and the hours of the affected transactions against healthy ones. Hours are compared with those of what
-- started meanwhile: an incident is nearly always of a few hours, and says nothing by that.
WITH
    affected AS (SELECT DISTINCT transaction_id
    FROM incident_members FINAL
    WHERE incident_id = {id:String} AND (left_at IS NULL OR {resolved:Bool})
    ORDER BY transaction_id DESC
    LIMIT 300),
    healthy AS (SELECT transaction_id
    FROM transactions FINAL
    WHERE flow = {flow:String} AND transaction_id >= {first:String} AND state != 'merged'
        AND transaction_id NOT IN
        (
            SELECT transaction_id
            FROM incident_members
            WHERE flow = {flow:String} AND transaction_id >= {first:String}
        )
    ORDER BY transaction_id DESC
    LIMIT 1000),
    span AS
    (
        SELECT min(started_at) AS first, max(started_at) AS last
        FROM transactions FINAL
        WHERE flow = {flow:String} AND transaction_id IN (SELECT transaction_id FROM affected)
    ),
    seen AS
    (
        SELECT transaction_id, transaction_id IN (SELECT transaction_id FROM affected) AS inside, pair.1 AS trait, pair.2 AS value
        FROM transactions FINAL
        ARRAY JOIN arrayConcat(
            arrayMap(name -> (name, facts[name]), {facts:Array(String)}),
            if(
                started_at BETWEEN (SELECT first FROM span) AND (SELECT last FROM span),
                [('hour', toString(toHour(started_at, {zone:String})))],
                []
            )
        ) AS pair
        WHERE flow = {flow:String}
            AND (transaction_id IN (SELECT transaction_id FROM affected) OR transaction_id IN (SELECT transaction_id FROM healthy))
    )
SELECT
    trait, value, affected, affected_total, healthy, healthy_total,
    affected / affected_total AS affected_share, healthy / healthy_total AS healthy_share,
    (affected + healthy) / (affected_total + healthy_total) AS share,
    affected_share / healthy_share AS lift
FROM
(
    SELECT
        trait, value, grouping(value) = 1 AS all_values,
        uniqExactIf(transaction_id, inside) AS affected, uniqExactIf(transaction_id, NOT inside) AS healthy,
        max(if(all_values, affected, 0)) OVER (PARTITION BY trait) AS affected_total,
        max(if(all_values, healthy, 0)) OVER (PARTITION BY trait) AS healthy_total
    FROM seen
    GROUP BY GROUPING SETS ((trait, value), (trait))
)
WHERE NOT all_values AND value NOT IN ('', {cause:String}) AND affected >= 2 AND healthy_total >= 5
    AND affected_share > healthy_share
    AND 2 * (
        if(affected = 0, 0, affected * log(affected / (affected_total * share)))
        + if((affected_total - affected) = 0, 0, (affected_total - affected) * log((affected_total - affected) / (affected_total * (1 - share))))
        + if(healthy = 0, 0, healthy * log(healthy / (healthy_total * share)))
        + if((healthy_total - healthy) = 0, 0, (healthy_total - healthy) * log((healthy_total - healthy) / (healthy_total * (1 - share))))
    ) > 8
ORDER BY affected_share - healthy_share DESC, trait, value
LIMIT 6

