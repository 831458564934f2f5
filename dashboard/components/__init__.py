"""What pages are made of: badges, tables, charts, notices."""
