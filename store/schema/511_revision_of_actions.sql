-- Tells what of them the journal has. Rows of before the column count as the first.
ALTER TABLE actions ADD COLUMN IF NOT EXISTS revision UInt64 DEFAULT 1
