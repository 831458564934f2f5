"""How each business process runs through the simulated systems: one file a flow."""
