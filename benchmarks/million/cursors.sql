INSERT INTO cursors
SELECT stage, 1, 1, fromUnixTimestamp64Milli({now:Int64}, 'UTC') FROM (SELECT arrayJoin(['correlate', 'evaluate', 'alert']) AS stage)
