-- with {}
-- What was decided of the clocks of these transactions that are not there: as far as their latest verdicts say.
SELECT
    flow, sla, transaction_id, revision, '' AS reference, '' AS stage, started_at, CAST(NULL, 'Nullable(DateTime64(3, \'UTC\'))') AS warn_at,
    due_at, stopped_at, contract_version, verdict, previous, version AS verdict_version, decided_at AS verdict_at,
    CAST(NULL, 'Nullable(DateTime64(3, \'UTC\'))') AS next_at,
    '' AS cause, '' AS severity, '' AS owner, '' AS runbook, value, currency,
    0. AS penalty, '' AS customer, '' AS supplier, '' AS carrier, '' AS plant, 0 AS removed, '' AS pauses
FROM verdicts FINAL
WHERE flow IN {flows:Array(String)} AND transaction_id IN (SELECT arrayJoin(splitByChar(' ', {ids:String})))
    AND (flow, sla, transaction_id) NOT IN
    (
        SELECT flow, sla, transaction_id
        FROM clocks
        WHERE flow IN {flows:Array(String)} AND transaction_id IN (SELECT arrayJoin(splitByChar(' ', {ids:String})))
    )
ORDER BY version DESC
LIMIT 1 BY flow, sla, transaction_id

