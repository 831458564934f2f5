"""Publishing once more what a source could not use, or what others gave up: to where its source says it may go, and only if somebody asks.

``original.py`` finds it, ``resubmission.py`` shows and publishes it, ``collector/publishers/`` know the systems. Writes: rows of
``actions``. Promises: nothing is published that was not shown, and nothing twice unless somebody says so; what is about to be published is
on disk before, and what came of it after. On failure: after a crash between the two, nobody knows, and that is what is told.
"""
