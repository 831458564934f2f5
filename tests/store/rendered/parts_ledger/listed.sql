-- with {"active": false, "of_tables": false}
SELECT
    table, name, rows, path, active,
    toUnixTimestamp(min_time) * 1000 AS since, toUnixTimestamp(max_time) * 1000 AS until
FROM system.parts
WHERE database = currentDatabase()


-- with {"active": false, "of_tables": true}
SELECT
    table, name, rows, path, active,
    toUnixTimestamp(min_time) * 1000 AS since, toUnixTimestamp(max_time) * 1000 AS until
FROM system.parts
WHERE database = currentDatabase()
    AND table IN {tables:Array(String)}


-- with {"active": true, "of_tables": false}
SELECT
    table, name, rows, path, active,
    toUnixTimestamp(min_time) * 1000 AS since, toUnixTimestamp(max_time) * 1000 AS until
FROM system.parts
WHERE database = currentDatabase()
    AND active


-- with {"active": true, "of_tables": true}
SELECT
    table, name, rows, path, active,
    toUnixTimestamp(min_time) * 1000 AS since, toUnixTimestamp(max_time) * 1000 AS until
FROM system.parts
WHERE database = currentDatabase()
    AND active
    AND table IN {tables:Array(String)}


