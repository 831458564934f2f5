-- From which revision of clocks on transaction_outcomes is behind, and how far one step may go (0: nowhere).
SELECT (SELECT max(revision) FROM transaction_outcomes) AS after, max(revision) AS upto
FROM
(
    SELECT revision
    FROM clocks
    WHERE revision > (SELECT max(revision) FROM transaction_outcomes)
    ORDER BY revision
    LIMIT {limit:UInt64}
)
