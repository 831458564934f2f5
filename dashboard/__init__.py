"""6 SHOW. Streamlit pages that read through ``store.reads`` and act by POST to the engine.

Reads: board, transactions, SLAs, incidents, KPIs and sources from the read endpoint. Writes: nothing of its own. Promises: a figure
on the screen was counted; what is old says so. On failure: the last good picture with its age, or words that say there is none.
"""
