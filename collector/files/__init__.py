"""Folders of files, on this machine or another: which file is new and whole, what was read of it, and what becomes of it then."""
