"""One file per command. Each exports a function that ``andon/__main__.py`` registers; heavy imports happen inside it."""
