"""One file for each kind of system that messages can be published to again."""
