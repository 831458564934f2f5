"""Stage 1, COLLECT: from a signal on the wire to a record on disk.

Pushed signals come in through ``http/`` or ``grpc/``, which share ``ingest/``: they are validated (``validation.py``, large bodies in the
process of ``offload.py``) and handed to ``handler.py``. Pulled signals come from a receiver (``receiver.py``, ``receivers/``). Both go
through ``intake.py`` into the journal.

Reads: OTLP over HTTP and gRPC, CloudEvents, signed webhooks, and what the pull receivers of ``receivers/`` fetch. Writes: the journal, one
folder per lane. Promises: a positive answer is given only once the records are on disk; ``received = acknowledged + refused``, exactly, per
lane; nothing is accepted from an unknown sender if tokens are required. On failure: lack of room or a slow disk is answered with 503 or
``UNAVAILABLE`` and a hint when to come back; unusable input is answered with what was wrong and kept raw in quarantine; an error of the
journal's disk ends the process without acknowledging anything more.
"""
