"""How a message reaches its channel: the outbox and its parts.

``outbox.py`` puts them together: ``notification_log.py`` knows what each channel was told, ``queue.py`` what is still to be sent,
``workers.py`` sends with one thread per channel, ``fallback.py`` decides which channel is notified instead of one that fails, and
``write_behind.py`` keeps outcomes until the store has accepted them. ``delivery.py``, ``attempt.py`` and ``retry.py`` are the rules they
share.
"""
