"""4 EVALUATE: transactions become clocks and verdicts.

Reads: ``transactions`` above its cursor, clocks whose deadline has come, the latest arrival per source.
Writes: ``verdicts`` (appended), ``clocks`` (current), its cursor, in that order.
Promises: the same transactions, catalog and moment give the same verdicts; a deadline fires without any input, and never early; a late
event corrects a verdict with a new version; nothing already written is changed.
On failure: raises; the next run starts from the same cursor and clocks and reaches the same result.
"""
