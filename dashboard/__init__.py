"""6 SHOW. Streamlit pages that read through ``store.reads`` and act by POST to the engine.

Reads: board, transactions, SLAs, incidents, KPIs and sources, from the read endpoint. Writes: nothing of its own. Promises: every figure on
the screen was counted, and old data is marked as old. On failure: the last good data with its age, or a notice that there is none.
"""
