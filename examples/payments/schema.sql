-- The database of the demo: what is to be paid, what was paid, and who owns how much.
-- Money is in minor units (cents, pence, Rappen), always a whole number.

CREATE TABLE accounts (
  id       TEXT PRIMARY KEY,
  currency TEXT NOT NULL,
  opening  INTEGER NOT NULL,                       -- what it started with
  balance  INTEGER NOT NULL CHECK (balance >= 0)   -- what it holds now
) WITHOUT ROWID;

-- The orders, as they came in the file; `number` is their place in it, from 0.
CREATE TABLE payments (
  number   INTEGER PRIMARY KEY,
  id       TEXT NOT NULL UNIQUE,
  debtor   TEXT NOT NULL REFERENCES accounts (id),
  creditor TEXT NOT NULL REFERENCES accounts (id),
  amount   INTEGER NOT NULL CHECK (amount > 0),
  currency TEXT NOT NULL,
  CHECK (debtor <> creditor)
);

-- The decisions. The primary key is what makes a payment happen once; the rest is
-- there so that each decision can be replayed and judged afterwards. SQLite has
-- one writer at a time, so `seq` is the order in which they were committed.
CREATE TABLE applied (
  payment       TEXT PRIMARY KEY REFERENCES payments (id),
  seq           INTEGER NOT NULL UNIQUE,
  outcome       TEXT NOT NULL CHECK (outcome IN ('settled', 'rejected')),
  token         INTEGER,                           -- of the grant; null without locks
  worker        INTEGER NOT NULL,
  debtor_read   INTEGER NOT NULL,                  -- the balances that it computed with
  creditor_read INTEGER NOT NULL
) WITHOUT ROWID;

-- The writes that the fence refused: late ones, of a worker that had lost its locks.
CREATE TABLE refused (
  payment TEXT NOT NULL REFERENCES payments (id),
  token   INTEGER NOT NULL,
  worker  INTEGER NOT NULL
);

-- What the demo did to its workers, and which payment they had in hand.
CREATE TABLE faults (
  kind    TEXT NOT NULL CHECK (kind IN ('killed', 'frozen')),
  worker  INTEGER NOT NULL,
  payment TEXT NOT NULL REFERENCES payments (id)
);

CREATE TABLE settings (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
