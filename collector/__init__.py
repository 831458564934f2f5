"""Stage 1, COLLECT: from a signal on the wire to a record on disk.

What is pushed comes in by ``http/`` or ``grpc/``, which share ``ingress.py``; it is validated (``validation.py``, large bodies in the process of
``offload.py``) and handed to ``ingest_handler.py``. What is pulled comes from a receiver (``receiver.py``, ``receivers/``). Both go through
``intake.py`` into the journal.

Reads: OTLP over HTTP and gRPC, CloudEvents, signed webhooks, and what the pull receivers of ``receivers/`` fetch. Writes: the journal, one
folder a lane. Promises: an answer that accepts is given only after the records are on disk; ``received = acknowledged + refused``, exactly,
per lane; nothing is taken from a sender that is not known where tokens are required. On failure: no room or a slow disk is answered with
503 or ``UNAVAILABLE`` and a hint when to come back; input that cannot be used is answered with what was wrong and kept raw in quarantine;
an error of the journal's disk ends the process without acknowledging anything more.
"""
