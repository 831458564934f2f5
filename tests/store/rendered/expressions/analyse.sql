-- with {"expression": "attributes['a']", "table": "spans"}
SELECT toString((
attributes['a']
))
FROM spans
LIMIT 0

