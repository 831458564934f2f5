"""What both servers share: who sends, how much at once, whether it is valid, and the answer once it is on disk."""
