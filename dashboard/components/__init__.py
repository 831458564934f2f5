"""What pages are made of: lamps, tables, charts, notices."""
