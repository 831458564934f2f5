"""Pull receivers: one file each that exports ``RECEIVER`` (see :mod:`collector.receiver`)."""
