"""The store: journal in, tables out; the only package that knows ClickHouse."""

import logging

# These libraries log every failure that they also raise, which would put their lines before the one line that says what to do.
for _name in ("clickhouse_connect", "urllib3.connectionpool"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)
