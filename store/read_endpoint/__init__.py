"""What other programs may ask of the embedded store, as they would ask a ClickHouse server."""
