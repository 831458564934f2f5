-- Scratch: when each transaction of one flow reached each milestone. Gaps are 2 to 22 hours; one in 400 stops somewhere for good, and an
-- outage holds a third of those begun in the last 36 hours at the second milestone of the first flow.
INSERT INTO bench_runs
WITH
    {now:Int64} - ({total:UInt64} - n) * {spacing:UInt64} AS begun,
    arrayCumSum(arrayMap(step -> if(step = 0, 0, 7200 + cityHash64(n, step) % 72000) * 1000, range({steps:UInt8}))) AS gaps,
    arrayCount(gap -> begun + gap <= {now:Int64}, gaps) AS possible,
    {outage:UInt8} AND begun > {now:Int64} - 129600000 AND n % 3 = 0 AS held,
    cityHash64(n, 'stuck') % 400 = 0 AS lost
SELECT
    number AS n,
    concat(leftPad(lower(hex(toUInt64(begun))), 12, '0'), leftPad(lower(hex(n)), 20, '0')),
    arrayMap(gap -> fromUnixTimestamp64Milli(toInt64(begun + gap), 'UTC'), gaps),
    multiIf(held, least(2, possible), lost, least(2 + n % ({steps:UInt8} - 2), possible), possible) AS reached,
    lost AND n % 2 = 0 AND reached < {steps:UInt8} AND reached < possible,
    concat('Customer ', toString(cityHash64(n, 'customer') % 400)),
    ['DE07', 'US02', 'PL03'][cityHash64(n, 'plant') % 3 + 1] AS plant,
    if(plant = 'US02', 'USD', 'EUR'),
    round(200 + pow(cityHash64(n, 'value') % 1000, 2) / 20, 2),
    concat({prefix:String}, leftPad(toString(n), 8, '0'))
FROM numbers({from:UInt64}, {count:UInt64})
WHERE cityHash64(n) % 20 >= {share_from:UInt8} AND cityHash64(n) % 20 < {share_to:UInt8}
