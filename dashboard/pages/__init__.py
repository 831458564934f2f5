"""One page per file, each exporting ``PAGE``."""
