-- What the lateness of a member cost when its row was written, in its currency.
ALTER TABLE incident_members ADD COLUMN IF NOT EXISTS penalty Float64 AFTER currency
