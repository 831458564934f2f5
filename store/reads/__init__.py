"""What readers ask the store: one function per question, each taking a client of the read endpoint."""
