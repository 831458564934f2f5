"""What the stages read and write: events, transactions, clocks, verdicts and incidents."""
