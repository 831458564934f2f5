-- with {"table": "spans"}
SELECT *
FROM spans
WHERE _part = {part:String}
FORMAT Null

