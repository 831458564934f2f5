-- with {"table": "spans", "part": "all_1_1_0"}
ALTER TABLE spans DROP PART 'all_1_1_0'

