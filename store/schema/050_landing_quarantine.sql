-- Where journal records of the quarantine kind arrive; keeps nothing itself.
CREATE TABLE landing_quarantine
(
    slice UInt64,
    source String,
    received_at UInt64,
    lane String,
    detail String,
    body String
)
ENGINE = Null
