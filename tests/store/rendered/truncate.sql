-- with {"table": "open_clocks"}
TRUNCATE TABLE open_clocks

