"""The catalog: what a user writes, as typed nouns.

One module per noun (flow, sla, calendar, source, contract, routing, owner, runbook); ``catalog.py`` holds all of them, and ``load.py``
reads a folder and reports every error as ``file:line:column: what, and what to write instead``.
"""
