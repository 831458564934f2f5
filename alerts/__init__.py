"""5 ALERT: verdicts and failures become incidents, and incidents become messages that arrive.

Each run reads what has changed (``changes.py``), advances the incidents (``advance.py``), decides who is notified (``decide.py``) and
saves. ``delivery/`` then makes sure that the messages arrive, in threads of its own.

Reads: ``clocks`` and ``transactions`` above its own cursors, the catalog's routes, owners and runbooks, and the conditions of Andon itself
(``core.condition``).
Writes: ``incidents``, ``incident_members``, ``deliveries`` (the intents of the outbox), ``delivery_attempts``, ``silences``, ``actions``.
Promises: one incident per cause (flow, stage, cause) and no member is lost; a message's intent is stored before its first attempt and its
``delivery_id`` never changes, so a receiver can recognise repeats; a resolve goes to every channel where a firing may have arrived.
On failure: :class:`AlertEngine` recovers from the store before its next run. What to say is the difference between an incident and what was
last said about it, so nothing depends on where a crash happened.
"""
