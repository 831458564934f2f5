"""One page a file, each exporting ``PAGE``."""
