-- Scratch of one correlation run: where the batch's milestone events belong.
CREATE TABLE correlation_places
(
    flow String,
    event_id String,
    transaction_id String
)
ENGINE = Memory
