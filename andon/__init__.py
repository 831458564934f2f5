"""The verbs: one file per command, and the only place that picks concrete classes (``wiring.py``)."""
