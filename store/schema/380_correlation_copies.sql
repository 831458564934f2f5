-- Scratch of one correlation run: whose events another transaction takes; leave = 1: it takes them over (a merge).
CREATE TABLE correlation_copies
(
    flow String,
    from_id String,
    to_id String,
    leave UInt8
)
ENGINE = Memory
