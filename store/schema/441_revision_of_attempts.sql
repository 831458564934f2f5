-- Tells what of them the journal has. Rows of before the column count as the first.
ALTER TABLE delivery_attempts ADD COLUMN IF NOT EXISTS revision UInt64 DEFAULT 1
