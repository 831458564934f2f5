"""3 CORRELATE: signals become milestones of flows, and milestones that share business keys become transactions.

Reads: ``milestone_events`` (written by views on the signal tables, compiled from the catalog), by slice above its cursor.
Writes: ``transaction_keys``, ``transaction_events``, ``transactions``, then its cursor.
Promises: the state of a transaction does not depend on the order, duplication or batching of its events, nor on restarts; a milestone event
is never lost, and one whose keys name no transaction yet waits until an attachment arrives.
On failure: nothing that matters is kept in memory; the next run repeats the unfinished batch and writes the same rows.
"""
