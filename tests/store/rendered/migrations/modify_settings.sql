-- with {"table": "spans", "settings": "merge_selector_base = 8"}
ALTER TABLE spans MODIFY SETTING merge_selector_base = 8

