INSERT INTO transactions
SELECT
    flow,
    transaction_id,
    {revision:UInt64} AS revision,
    ifNull(arrayFirst(k -> true, arrayFlatten(arrayMap(n -> arraySlice(keys[n], 1, 1), types_in_order))), '') AS reference,
    keys,
    multiIf(is_cancelled, 'cancelled', notEmpty(end_times), 'completed', 'open') AS state,
    furthest AS stage,
    history[1].at AS started_at,
    history[-1].at AS updated_at,
    multiIf(is_cancelled, toNullable(arrayMin(cancel_times)), notEmpty(end_times), toNullable(arrayMin(end_times)), NULL) AS ended_at,
    CAST(firsts, 'Map(LowCardinality(String), DateTime64(3, \'UTC\'))') AS first_at,
    CAST(lasts, 'Map(LowCardinality(String), DateTime64(3, \'UTC\'))') AS last_at,
    CAST(
        reaches,
        'Map(LowCardinality(String), Array(Tuple(type LowCardinality(String), value String, at DateTime64(3, \'UTC\'))))') AS reached,
    CAST(repeats, 'Map(LowCardinality(String), Array(DateTime64(3, \'UTC\')))') AS moments,
    facts,
    failing.milestone AS failed_milestone,
    if(failing.milestone = '', '', if(failing.stage = '', failing.milestone, failing.stage)) AS failed_stage,
    if(failing.milestone = '', NULL, toNullable(failing.at)) AS failed_at,
    failing.cause AS cause,
    '' AS merged_into,
    length(history) AS events
FROM
(
    -- 4: what the parts say together
    SELECT
        *,
        -- an end that names members has come when the last of them has reached one
        arrayConcat(whole_end_times, multiIf(
            empty(shared_end_times) OR NOT arrayAll(p -> has(ended.1, p), members), [],
            empty(members), [arrayMin(shared_end_times)],
            [arrayMax(arrayMap(p -> arrayMin(arrayMap(c -> c.2, arrayFilter(c -> c.1 = p, ended))), members))])) AS end_times,
        notEmpty(cancel_times) AND (empty(end_times) OR arrayMin(cancel_times) < arrayMin(end_times)) AS is_cancelled,
        arrayFilter(e -> NOT arrayExists(s -> s.at > e.at AND (e.stage = '' OR s.milestone = e.stage), successes), failures)[-1] AS failing
    FROM
    (
        -- 3: times of the milestones, in the flow's terms
        SELECT
            *,
            arrayMap(p -> p.2, arrayFilter(p -> has(CAST(['small/sent'], 'Array(String)'), concat(flow, '/', p.1)), firsts)) AS whole_end_times,
            -- members: values of the keys of relation many that an end names
            arrayMap(p -> p.2, arrayFilter(p -> has(CAST([], 'Array(String)'), concat(flow, '/', p.1)), firsts)) AS shared_end_times,
            arrayMap(
                c -> ((c.2, c.3), c.4),
                arrayFilter(c -> has(CAST([], 'Array(String)'), concat(flow, '/', c.1, '/', c.2)), carried)) AS ended,
            arrayFilter(
                p -> arrayExists(f -> has(CAST([], 'Array(String)'), concat(flow, '/', f.1, '/', p.1)), firsts), pairs) AS members,
            arrayMap(p -> p.2, arrayFilter(p -> has(CAST([], 'Array(String)'), concat(flow, '/', p.1)), firsts)) AS cancel_times,
            arrayMap(m -> arrayFilter(c -> c.1 = m, carried), arrayDistinct(carried.1)) AS carried_by_milestone,
            arrayMap(each -> (each[1].1, arrayMap(c -> (c.2, c.3, c.4),
                arrayFilter((c, n) -> n = 1, each, arrayEnumerateUniq(arrayMap(c -> (c.2, c.3), each))))), carried_by_milestone) AS reaches
        FROM
        (
            -- 2: parts of the history
            SELECT
                flow,
                transaction_id,
                history,
                arrayFilter(e -> NOT e.failure, history) AS successes,
                arrayMap(
                    e -> CAST(
                        (
                            e.at, e.milestone,
                            transform(concat(flow, '/', e.milestone), CAST([], 'Array(String)'), CAST([], 'Array(String)'), ''), e.cause
                        ),
                        'Tuple(at DateTime64(3, \'UTC\'), milestone String, stage String, cause String)'),
                    arrayFilter(e -> e.failure, history)) AS failures,
                pairs,
                -- the history is sorted, so the moments of each milestone are
                arrayMap(
                    m -> (m, arrayCompact(arrayMap(e -> e.at, arrayFilter(e -> e.milestone = m, history)))),
                    arrayDistinct(history.milestone)) AS seen,
                arrayMap(s -> (s.1, s.2[1]), seen) AS firsts,
                arrayMap(s -> (s.1, s.2[-1]), seen) AS lasts,
                arrayMap(s -> (s.1, arraySlice(s.2, -1000)), arrayFilter(s -> length(s.2) > 2, seen)) AS repeats,
                -- sorted, so that of the same key the first has the earliest time
                arraySort(arrayFlatten(arrayMap(
                    e -> arrayMap(
                        k -> (e.milestone, k.1, k.2, e.at),
                        arrayFilter(k -> has(CAST([], 'Array(String)'), concat(flow, '/', k.1)), e.keys)),
                    history))) AS carried,
                arraySort(
                    m -> indexOf(CAST(['small/booked', 'small/posted', 'small/sent'], 'Array(String)'), concat(flow, '/', m)),
                    arrayMap(e -> e.milestone, arrayFilter(e -> NOT e.failure, history)))[-1] AS furthest,
                CAST(
                    arrayMap(
                        t -> (t, arraySort(arrayMap(p -> p.2, arrayFilter(p -> p.1 = t, pairs)))),
                        arraySort(arrayDistinct(arrayMap(p -> p.1, pairs)))),
                    'Map(LowCardinality(String), Array(String))') AS keys,
                arrayMap(
                    n -> substring(n, length(flow) + 2),
                    arrayFilter(n -> startsWith(n, concat(flow, '/')), CAST(['small/order'], 'Array(String)'))) AS types_in_order,
                CAST(
                    arrayMap(n -> (n, arrayFilter(f -> f.1 = n, said)[-1].2), arraySort(arrayDistinct(arrayMap(f -> f.1, said)))),
                    'Map(LowCardinality(String), String)') AS facts
            FROM
            (
                -- 1: the history, by event time
                SELECT
                    toString(flow) AS flow,
                    transaction_id,
                    CAST(
                        arraySort(e -> (e.1, e.2), groupArray((event_time, event_id, toString(milestone), failure,
                            CAST(keys, 'Array(Tuple(String, String))'), CAST(facts, 'Array(Tuple(String, String))'), cause))),
                        'Array(Tuple(
                            at DateTime64(3, \'UTC\'), event_id String, milestone String, failure UInt8,
                            keys Array(Tuple(String, String)), facts Array(Tuple(String, String)), cause String))'
                    ) AS history,
                    arrayDistinct(arrayFlatten(history.keys)) AS pairs,
                    arrayFlatten(history.facts) AS said
                FROM transaction_events FINAL
                WHERE active AND (flow, transaction_id) IN (
                    SELECT flow, transaction_id
                    FROM transaction_events
                    WHERE revision > {after:UInt64} AND NOT startsWith(transaction_id, '@'))
                GROUP BY flow, transaction_id
            )
        )
    )
)
