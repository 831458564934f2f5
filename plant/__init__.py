"""The simulated manufacturer behind ``andon demo``, the load generator and the builders of tests.

Reads: nothing. Writes: OTLP and CloudEvents to an address. Promises: the same seed and start give the same signals, and every signal is
sent until it is acknowledged. On failure: a rejected request is sent again, with the same ids.
"""
