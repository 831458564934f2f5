"""The stages a notice passes, one file each; ``pipeline.py`` puts them in order."""
