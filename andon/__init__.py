"""The commands and the processes they start.

``commands/`` has one file per command, ``options.py`` their flags, and ``wiring/`` alone picks concrete classes. A collector is wired from
the stages' own packages; ``engine/`` is the engine, ``health/`` what both watch of themselves and their machine, ``supervision/`` all
processes on one machine, ``client/`` what is asked of a running Andon.
"""
