INSERT INTO transactions
WITH
    /*milestones*/ AS milestone_names,
    /*types*/ AS type_names,
    /*failures*/ AS failure_names,
    /*stages*/ AS failure_stages,
    arrayFilter(e -> NOT e.failure, history) AS successes,
    arrayFilter(e -> e.failure, history) AS failures,
    arraySort(arrayDistinct(history.milestone)) AS seen,
    arrayDistinct(arrayFlatten(history.keys)) AS pairs,
    arraySort(arrayDistinct(pairs.1)) AS types_seen,
    arrayFilter(t -> has(types_seen, t), arrayMap(n -> substring(n, length(flow) + 2), arrayFilter(n -> startsWith(n, concat(flow, '/')), type_names))) AS types_in_order,
    arrayMap(m -> (m, arrayMin(arrayMap(e -> e.at, arrayFilter(e -> e.milestone = m, history)))), seen) AS firsts,
    arrayMap(m -> (m, arrayMax(arrayMap(e -> e.at, arrayFilter(e -> e.milestone = m, history)))), seen) AS lasts,
    arrayMap(p -> p.2, arrayFilter(p -> has(/*ends*/, concat(flow, '/', p.1)), firsts)) AS end_times,
    arrayMap(p -> p.2, arrayFilter(p -> has(/*cancels*/, concat(flow, '/', p.1)), firsts)) AS cancel_times,
    notEmpty(cancel_times) AND (empty(end_times) OR arrayMin(cancel_times) < arrayMin(end_times)) AS is_cancelled,
    arrayFilter(
        e -> NOT arrayExists(s -> s.at > e.at AND (e.stage = '' OR s.milestone = e.stage), successes),
        arrayMap(e -> CAST((e.at, e.event_id, e.milestone, transform(concat(flow, '/', e.milestone), failure_names, failure_stages, ''), e.cause), 'Tuple(at DateTime64(3, \'UTC\'), event_id String, milestone String, stage String, cause String)'), failures)
    ) AS standing,
    standing[-1] AS failing,
    arraySort(e -> indexOf(milestone_names, concat(flow, '/', e.milestone)), successes)[-1].milestone AS furthest
SELECT
    flow,
    transaction_id,
    {revision:UInt64} AS revision,
    arraySort(arrayMap(p -> p.2, arrayFilter(p -> p.1 = types_in_order[1], pairs)))[1] AS reference,
    CAST(arrayMap(t -> (t, arraySort(arrayMap(p -> p.2, arrayFilter(p -> p.1 = t, pairs)))), types_seen), 'Map(LowCardinality(String), Array(String))') AS keys,
    multiIf(is_cancelled, 'cancelled', notEmpty(end_times), 'completed', 'open') AS state,
    furthest AS stage,
    history[1].at AS started_at,
    history[-1].at AS updated_at,
    multiIf(is_cancelled, toNullable(arrayMin(cancel_times)), notEmpty(end_times), toNullable(arrayMin(end_times)), NULL) AS ended_at,
    CAST(firsts, 'Map(LowCardinality(String), DateTime64(3, \'UTC\'))') AS first_at,
    CAST(lasts, 'Map(LowCardinality(String), DateTime64(3, \'UTC\'))') AS last_at,
    CAST(
        arrayFilter(r -> notEmpty(r.2), arrayMap(m -> (m, arrayMap(
            p -> (p.1, p.2, arrayMin(arrayMap(e -> e.at, arrayFilter(e -> e.milestone = m AND has(e.keys, p), history)))),
            arraySort(arrayDistinct(arrayFilter(
                p -> has(/*many*/, concat(flow, '/', p.1)),
                arrayFlatten(arrayMap(e -> e.keys, arrayFilter(e -> e.milestone = m, history)))))))), seen)),
        'Map(LowCardinality(String), Array(Tuple(type LowCardinality(String), value String, at DateTime64(3, \'UTC\'))))') AS reached,
    CAST(
        arrayMap(n -> (n, arrayFilter(f -> f.1 = n, all_facts)[-1].2), arraySort(arrayDistinct(all_facts.1))),
        'Map(LowCardinality(String), String)') AS facts,
    failing.milestone AS failed_milestone,
    if(failing.milestone = '', '', if(failing.stage = '', failing.milestone, failing.stage)) AS failed_stage,
    if(failing.milestone = '', NULL, toNullable(failing.at)) AS failed_at,
    failing.cause AS cause,
    '' AS merged_into,
    length(history) AS events
FROM
(
    SELECT flow, transaction_id, history, arrayFlatten(history.facts) AS all_facts
    FROM
    (
        SELECT
            flow,
            transaction_id,
            CAST(
                arraySort(e -> (e.1, e.2), groupArray((event_time, event_id, toString(milestone), failure,
                    CAST(keys, 'Array(Tuple(String, String))'), CAST(facts, 'Array(Tuple(String, String))'), cause))),
                'Array(Tuple(at DateTime64(3, \'UTC\'), event_id String, milestone String, failure UInt8, keys Array(Tuple(String, String)), facts Array(Tuple(String, String)), cause String))'
            ) AS history
        FROM transaction_events FINAL
        WHERE active AND (flow, transaction_id) IN (
            SELECT flow, transaction_id FROM transaction_events WHERE revision > {after:UInt64} AND NOT startsWith(transaction_id, '@'))
        GROUP BY flow, transaction_id
    )
)
