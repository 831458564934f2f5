-- Writes them for transactions that are there already; goes on in the background.
ALTER TABLE transactions MATERIALIZE COLUMN customer, MATERIALIZE COLUMN plant
