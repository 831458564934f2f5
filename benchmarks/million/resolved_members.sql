INSERT INTO incident_members
SELECT leftPad(toString(number % 5000), 32, '0'), {flow:String}, leftPad(toString(number), 32, '0'), 'book-in-time', 1, toString(number), 'breached',
    fromUnixTimestamp64Milli({now:Int64} - toInt64(number) * 1000, 'UTC') AS due, 100, 'EUR', 'Customer 1', 'DE07', due, due
FROM numbers(100000)
