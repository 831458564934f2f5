INSERT INTO transactions (flow, transaction_id, revision, reference, keys, state, stage, started_at, updated_at, merged_into)
SELECT flow, transaction_id, {revision:UInt64}, reference, keys, 'merged', stage, started_at, updated_at, copy.to_id
FROM transactions FINAL
INNER JOIN correlation_copies AS copy ON copy.flow = toString(transactions.flow) AND copy.from_id = transactions.transaction_id
WHERE copy.leave = 1 AND (flow, transaction_id) IN (SELECT flow, from_id FROM correlation_copies)
