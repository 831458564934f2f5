"""The shared nouns of Andon and the few mechanisms every stage uses.

Reads: nothing of ours. Writes: nothing. Everything else may import this package; it imports no other package of Andon.
"""
