-- with {"promises": false}
-- PREWHERE, by a column of the key, which all versions of a row share: what FINAL compares is only what was asked for.
SELECT
    flow, transaction_id,
    argMax(sla, rank) AS sla,
    argMax(verdict, rank) AS verdict,
    argMax(due_at, rank) AS due_at,
    max(clocks.value) AS value,
    argMax(clocks.currency, clocks.value) AS currency
FROM
(
    SELECT
        *,
        (
            transform(verdict, ['breached', 'at_risk', 'unknown', 'running', 'paused', 'met_late', 'met'], [7, 6, 5, 4, 3, 2, 1], 0),
            -toUnixTimestamp64Milli(due_at)
        ) AS rank
    FROM clocks FINAL
    PREWHERE transaction_id IN (SELECT arrayJoin({ids:Array(String)}))
    WHERE removed = 0
) AS clocks
GROUP BY flow, transaction_id

-- with {"promises": true}
-- PREWHERE, by a column of the key, which all versions of a row share: what FINAL compares is only what was asked for.
SELECT
    flow, transaction_id,
    argMax(sla, rank) AS sla,
    argMax(verdict, rank) AS verdict,
    argMax(due_at, rank) AS due_at,
    max(clocks.value) AS value,
    argMax(clocks.currency, clocks.value) AS currency
FROM
(
    SELECT
        *,
        (
            transform(verdict, ['breached', 'at_risk', 'unknown', 'running', 'paused', 'met_late', 'met'], [7, 6, 5, 4, 3, 2, 1], 0),
            -toUnixTimestamp64Milli(due_at)
        ) AS rank
    FROM clocks FINAL
    PREWHERE transaction_id IN (SELECT arrayJoin({ids:Array(String)}))
    WHERE removed = 0
        AND (flow, sla) IN {promises:Array(Tuple(String, String))}
) AS clocks
GROUP BY flow, transaction_id

