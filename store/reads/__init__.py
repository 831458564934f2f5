"""What readers ask the store: one function a question, each with a client of the read endpoint."""
