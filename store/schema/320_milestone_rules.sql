-- The rules by which signals are read as milestones, one row a milestone of a flow: what the views on the signal tables join by number.
-- Replaced whole when the catalog changes. A place says where a path starts: attributes, resource, data and so on (correlator/paths.py).
CREATE TABLE milestone_rules
(
    signal LowCardinality(String),                     -- span, log, event
    rule UInt16,                                       -- from 1 within a signal kind
    flow String,
    milestone String,
    system String,
    failure UInt8,
    conditions Array(Tuple(place UInt8, path Array(String), presence Int8, values Array(String), prefixes Array(String))),
    keys Array(Tuple(type String, place UInt8, path Array(String), strip UInt8, case UInt8)),
    facts Array(Tuple(name String, place UInt8, path Array(String))),
    cause Tuple(place UInt8, path Array(String))
)
ENGINE = MergeTree
ORDER BY (signal, rule)
