-- Since when an expected source is silent, by its rhythm and calendar; empty while it is heard. Written by the engine when that changes.
ALTER TABLE expected_sources ADD COLUMN IF NOT EXISTS silent_since Nullable(DateTime64(3, 'UTC')) AFTER since
