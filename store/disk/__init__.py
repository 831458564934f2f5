"""A disk that takes no more, or hangs: what waits in memory for it, and who does not."""
