-- The database of the card payments: what is to be paid, what each step of each payment
-- did, and what every account holds. Money is in minor units, always a whole number.

CREATE TABLE accounts (
  id       TEXT PRIMARY KEY,
  currency TEXT NOT NULL,
  branch   INTEGER NOT NULL,                       -- 0: the bank's own accounts
  opening  INTEGER NOT NULL,
  balance  INTEGER NOT NULL CHECK (balance >= 0),
  held     INTEGER NOT NULL DEFAULT 0 CHECK (held BETWEEN 0 AND balance)  -- authorised
) WITHOUT ROWID;

CREATE INDEX accounts_of_a_branch ON accounts (branch);

CREATE TABLE payments (
  number   INTEGER PRIMARY KEY,
  id       TEXT NOT NULL UNIQUE,
  debtor   TEXT NOT NULL REFERENCES accounts (id),
  creditor TEXT NOT NULL REFERENCES accounts (id),
  amount   INTEGER NOT NULL CHECK (amount > 0),
  currency TEXT NOT NULL
);

-- What the steps did. The primary key is what makes a step happen once, however often it
-- is run; whoever runs it again finds here what the first one did, and reports that.
CREATE TABLE effects (
  payment  TEXT NOT NULL REFERENCES payments (id),
  step     TEXT NOT NULL CHECK (step IN ('authorise', 'capture', 'post', 'notify')),
  seq      INTEGER NOT NULL UNIQUE,                -- the order in which they were committed
  token    INTEGER NOT NULL,                       -- of the attempt
  worker   INTEGER NOT NULL,
  outcome  TEXT NOT NULL CHECK (outcome IN ('done', 'declined')),
  handed   TEXT NOT NULL,                          -- the result of the step before
  result   TEXT NOT NULL,                          -- its own
  PRIMARY KEY (payment, step)
) WITHOUT ROWID;

CREATE INDEX effects_of_a_step ON effects (step);

-- Every attempt that the fence let in; not the first of its step: it found the effect there.
CREATE TABLE attempts (
  payment  TEXT NOT NULL,
  step     TEXT NOT NULL,
  token    INTEGER NOT NULL,
  number   INTEGER NOT NULL,                       -- as the server counts attempts
  worker   INTEGER NOT NULL,
  is_first INTEGER NOT NULL,
  PRIMARY KEY (payment, step, token)
) WITHOUT ROWID;

-- The writes that the fence refused: late ones, of attempts that somebody had taken over.
CREATE TABLE refused (
  payment TEXT NOT NULL,
  step    TEXT NOT NULL,
  token   INTEGER NOT NULL,
  worker  INTEGER NOT NULL
);

-- What the demo did to its workers, and which attempt they had in hand.
CREATE TABLE faults (
  kind    TEXT NOT NULL CHECK (kind IN ('killed', 'frozen')),
  worker  INTEGER NOT NULL,
  payment TEXT NOT NULL,
  step    TEXT NOT NULL,
  token   INTEGER NOT NULL
);

-- What the server knew of the flows at the end, by FLOW.LIST.
CREATE TABLE flows (
  declared   INTEGER NOT NULL,
  unfinished INTEGER NOT NULL,
  dead       INTEGER NOT NULL
);

-- The end of the day: what each branch booked, and the sum of all books after it.
CREATE TABLE fees (
  account TEXT PRIMARY KEY REFERENCES accounts (id),
  branch  INTEGER NOT NULL,
  amount  INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE branches (
  branch  INTEGER PRIMARY KEY,
  token   INTEGER NOT NULL,
  worker  INTEGER NOT NULL,
  seq     INTEGER NOT NULL UNIQUE,                 -- goes on from that of the effects
  cut_off INTEGER NOT NULL,                        -- the generation of the event
  barrier INTEGER                                  -- and that of the barrier
);

CREATE TABLE trial_balance (
  currency TEXT PRIMARY KEY,
  opening  INTEGER NOT NULL,                       -- of all accounts, in the morning
  accounts INTEGER NOT NULL,                       -- what the customers and shops hold
  clearing INTEGER NOT NULL,                       -- captured and not yet posted
  fees     INTEGER NOT NULL,
  token    INTEGER NOT NULL
) WITHOUT ROWID;
