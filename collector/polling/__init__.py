"""What receivers that poll a database share: how far they have come, what they read, and rows as JSON."""
