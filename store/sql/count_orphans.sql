SELECT uniqExact(flow, event_id) AS orphans
FROM transaction_events FINAL
WHERE active AND startsWith(transaction_id, '@') AND (flow, event_id) NOT IN (
    SELECT flow, event_id FROM transaction_events
    WHERE active AND NOT startsWith(transaction_id, '@') AND (flow, transaction_id) IN (
        SELECT flow, transaction_id FROM transaction_keys FINAL
        WHERE active AND (flow, concat('@', key_type, ':', key_value)) IN (
            SELECT flow, transaction_id FROM transaction_events WHERE startsWith(transaction_id, '@'))))
