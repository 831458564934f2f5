-- with {"table": "events", "signal_id": "id", "expression": "JSONExtract(data, 'a', 'String')"}
-- What one expression of the catalog says of each signal.
SELECT id AS signal_id, toString(JSONExtract(data, 'a', 'String')) AS answer
FROM events

