-- What an event said that was read as a milestone: one that turns out to say something else than the event kept under its key is no milestone.
ALTER TABLE milestone_events ADD COLUMN IF NOT EXISTS content_hash String AFTER cause
