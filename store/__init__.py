"""The store: journal in, tables out; the only package that knows ClickHouse."""
