"""What becomes of a source's signals by a catalog: ``andon source preview``.

Reads bytes as the source's receiver and format would (``given.py``), or what came last; a scratch store matches them by the engine's own
statements, and ``outcome.py`` says of each what it became, or why nothing. Nothing is sent, acknowledged or kept.
"""
