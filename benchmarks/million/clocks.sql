-- version 1: as the clock was first written, running. 2: as it stands now.
INSERT INTO /*table*/
WITH
    {slas:Array(String)} AS slas,
    at[{from_steps:Array(UInt8)}[number]] AS begun,
    begun + {allowed:Array(UInt32)}[number] AS due,
    if({version:UInt8} = 2 AND reached >= {to_steps:Array(UInt8)}[number], at[{to_steps:Array(UInt8)}[number]], NULL) AS stopped,
    fromUnixTimestamp64Milli({now:Int64}, 'UTC') AS now,
    begun + toUInt32({allowed:Array(UInt32)}[number] * 0.7) AS warned,
    multiIf(
        {version:UInt8} = 1, 'running', stopped IS NOT NULL, if(stopped <= due, 'met', 'met_late'),
        now >= due, if(n % 50 = 0, 'unknown', 'breached'), now >= warned, 'at_risk', 'running') AS verdict
SELECT /*columns*/
FROM bench_runs
ARRAY JOIN arrayEnumerate({slas:Array(String)}) AS number
WHERE reached >= {from_steps:Array(UInt8)}[number]
