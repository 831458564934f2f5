"""The only place that picks concrete classes: stages, store adapters, plug-ins. One file for each process, and one for what they share.

The type checker proves here that the store satisfies what each stage's ``ports.py`` asks for.
"""
