"""X12 and EDIFACT: one reader of envelopes, which reads what partners really send and says what is wrong with it."""
