"""What a source must not leave behind: personal data and secrets are taken out of its signals before they reach the journal."""
