-- The fence, for SQLite: refuses what comes with a token smaller than the greatest seen.
--
-- A lock that ends by itself (a lease) can end while its holder is asleep, and the
-- holder does not notice before its next instruction, which may be the UPDATE. So the
-- database has the last word. Every grant of a lock carries a token that is greater
-- than those of all grants before it; the database remembers the greatest one it has
-- seen for each lock and turns away whoever brings a smaller one.
--
-- Use, with the name of the lock and the token of the grant:
--
--     BEGIN IMMEDIATE;
--     INSERT INTO assert_fence VALUES ('account/7', 42);   -- 1. before you read …
--     SELECT balance FROM accounts WHERE id = '7';
--     COMMIT;
--       … compute …
--     BEGIN IMMEDIATE;
--     INSERT INTO assert_fence VALUES ('account/7', 42);   -- 2. … and before you write
--     UPDATE accounts SET balance = :computed WHERE id = '7';
--     COMMIT;
--
-- Both are needed. With the second alone, a sleeper that wakes after the new holder
-- has read but before it has written would still have the greatest token that the
-- database knows; its write would pass, and the new holder would overwrite it. The
-- first one is what shuts the sleeper out from the moment its successor begins.
--
-- A refused statement fails with SQLITE_CONSTRAINT_TRIGGER and the message 'stale
-- fencing token'; roll back then. The same token is welcome any number of times.

CREATE TABLE fence (
  resource TEXT PRIMARY KEY,       -- the name of the lock
  token    INTEGER NOT NULL        -- the greatest token seen; below 2^53
) WITHOUT ROWID;

-- The rule itself. It holds for everybody, whatever statement they use. (Rows are
-- never to be deleted: the memory is what protects.)
CREATE TRIGGER fence_refuses_stale
BEFORE UPDATE ON fence WHEN NEW.token < OLD.token
BEGIN
  SELECT RAISE(ABORT, 'stale fencing token');
END;

CREATE TRIGGER fence_forgets_nothing
BEFORE DELETE ON fence
BEGIN
  SELECT RAISE(ABORT, 'the fence must not forget');
END;

-- SQLite has no functions of one's own in SQL; a view with such a trigger is one.
CREATE VIEW assert_fence AS SELECT resource, token FROM fence;

CREATE TRIGGER assert_fence_call
INSTEAD OF INSERT ON assert_fence
BEGIN
  INSERT INTO fence VALUES (NEW.resource, NEW.token)
  ON CONFLICT (resource) DO UPDATE SET token = excluded.token;
END;
