"""What receivers that poll a database share: their position, what they read, and rows as JSON."""
