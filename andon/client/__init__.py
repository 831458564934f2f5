"""What commands and Andon's own processes ask of a running Andon: its collector, its engine, and the store behind the engine."""
