-- Open transactions by the milestone reached last and, where one failed, by the milestone that did not happen.
SELECT flow, stage, failed_stage, count() AS transactions
FROM transactions FINAL
WHERE state = 'open'
GROUP BY flow, stage, failed_stage
