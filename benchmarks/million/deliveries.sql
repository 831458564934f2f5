INSERT INTO deliveries (delivery_id, revision, incident_id, channel, notifier, reason, state, severity, message, attempts, created_at)
SELECT concat(incident_id, toString(number)), 1, incident_id, 'ops-chat', 'slack', ['opened', 'grown', 'repeated'][number % 3 + 1], 'sent', severity, '{}', 1, opened_at
FROM incidents ARRAY JOIN range(4) AS number
