"""5 ALERT: verdicts and failures become incidents, incidents become messages that arrive.

Reads: ``clocks`` and ``transactions`` above its own cursors, and the catalog's routes, owners and runbooks.
Also reads the conditions of Andon itself (``core.condition``).
Writes: ``incidents``, ``incident_members``, ``deliveries`` (the intents of the outbox), ``delivery_attempts``, ``silences``, ``actions``.
Promises: one incident per cause (flow, stage, cause) and no member lost; a message's intent is stored before its first attempt and its
``delivery_id`` never changes, so a receiver can tell repeats; a resolve goes wherever a firing may have been heard.
On failure: :class:`AlertEngine` forgets what it remembers and loads it again from the store; what is to be said is the difference between
an incident and what was last said about it, so nothing depends on where a crash happened.
"""
