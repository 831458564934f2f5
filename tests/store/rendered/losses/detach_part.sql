-- with {"table": "spans", "part": "all_1_1_0"}
ALTER TABLE spans DETACH PART 'all_1_1_0'

