INSERT INTO transaction_keys
SELECT key.2, key.1, {flow:String}, transaction_id, 1, {revision:UInt64}
FROM bench_runs
ARRAY JOIN [({first_key:String}, reference), ({second_key:String}, concat('8', reference))] AS key
