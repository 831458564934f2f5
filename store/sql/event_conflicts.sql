-- Which of a slice's keys hold more than one content: asked of the narrow table, whose rows no merge replaces by another content's.
SELECT key
FROM event_contents
WHERE key IN (SELECT key FROM event_contents WHERE slice = {slice:UInt64})
GROUP BY key
HAVING min(content) != max(content)
