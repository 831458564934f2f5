"""From the journal into the tables, slice by slice."""
