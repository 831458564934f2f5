-- with {}
SELECT *
FROM silences FINAL
WHERE removed = 0 AND ends_at > {now:DateTime64(3, 'UTC')} AND flow IN ('', {flow:String}) AND stage IN ('', {stage:String}) AND cause IN ('', {cause:String}) AND incident_id IN ('', {id:String})
ORDER BY ends_at DESC
LIMIT 200

