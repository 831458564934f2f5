"""What the store has lost, how it comes back, and copies of it."""
