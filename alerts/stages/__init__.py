"""The stages that a notification candidate passes, one file each; ``pipeline.py`` puts them in order."""
