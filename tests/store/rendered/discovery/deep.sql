-- with {"kind": "span"}
-- Whether any signal of one kind has more than flat attributes and text: statements that look into maps and structures cost more to plan.
SELECT count() > 0 AS deep
FROM (
    SELECT 1
    FROM spans FINAL
WHERE received_at >= {since:DateTime64(3)} AND received_at < {until:DateTime64(3)} AND source != 'andon' AND (arrayExists(t -> t = 'kvlist', mapValues(attribute_types)) OR arrayExists(l -> has(l, '{map}'), mapValues(attribute_lists)))
    LIMIT 1
)

-- with {"kind": "log"}
-- Whether any signal of one kind has more than flat attributes and text: statements that look into maps and structures cost more to plan.
SELECT count() > 0 AS deep
FROM (
    SELECT 1
    FROM logs FINAL
WHERE received_at >= {since:DateTime64(3)} AND received_at < {until:DateTime64(3)} AND source != 'andon' AND (arrayExists(t -> t = 'kvlist', mapValues(attribute_types)) OR arrayExists(l -> has(l, '{map}'), mapValues(attribute_lists)) OR body_type = 'kvlist' OR startsWith(body, '{'))
    LIMIT 1
)

