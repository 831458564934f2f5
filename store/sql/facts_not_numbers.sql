SELECT source, flow, fact, anyHeavy(text) AS example, uniqExact(event_id) AS signals
FROM milestone_events
ARRAY JOIN mapKeys(facts) AS fact, mapValues(facts) AS text
WHERE received_at >= {since:DateTime} AND notEmpty(facts) AND (flow, fact) IN {facts:Array(Tuple(String, String))}
    AND text != '' AND NOT isFinite(ifNull(toFloat64OrNull(trimBoth(text)), nan))
GROUP BY source, flow, fact
ORDER BY signals DESC
LIMIT 50
