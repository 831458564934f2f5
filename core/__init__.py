"""The shared nouns of Andon and the few mechanisms that every stage uses.

Reads: nothing of ours. Writes: nothing. Every other package may import this one; it imports no other package of Andon.
"""
