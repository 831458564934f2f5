INSERT INTO incident_members (incident_id, flow, transaction_id, sla, revision, reference, verdict, due_at, value, currency, penalty, customer, plant, joined_at, left_at)
SELECT leftPad(toString(number % 5000), 32, '0'), {flow:String}, leftPad(toString(number), 32, '0'), 'book-in-time', 1, toString(number), 'breached',
    fromUnixTimestamp64Milli({now:Int64} - toInt64(number) * 1000, 'UTC') AS due, 100, 'EUR', 1, 'Customer 1', 'DE07', due, due
FROM numbers(100000)
