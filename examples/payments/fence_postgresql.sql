-- The fence, for PostgreSQL: the same rule as fence.sql, as a function.
--
-- Use, with the name of the lock and the token of the grant:
--
--     BEGIN;
--     SELECT assert_fence('account/7', 42);     -- 1. before you read …
--     SELECT balance FROM accounts WHERE id = '7';
--     COMMIT;
--       … compute …
--     BEGIN;
--     SELECT assert_fence('account/7', 42);     -- 2. … and before you write
--     UPDATE accounts SET balance = :computed WHERE id = '7';
--     COMMIT;
--
-- In one transaction from the read to the write, the first call is enough, because
-- the row it has touched stays locked until the end. But then a client that is frozen
-- keeps that row, and its successor waits for a connection to die rather than for
-- a lease to end: set idle_in_transaction_session_timeout, or use two transactions.
--
-- For several locks of one grant, call it once for each, always in the same order
-- (sorted by name), so that two transactions cannot block each other crosswise.
--
-- A refusal is SQLSTATE 'TS001', so that a program can tell it from all else. It is
-- final for this grant: roll back, do not try again with the same token. The check is
-- right in every isolation level; in REPEATABLE READ and SERIALIZABLE a race may end
-- as 40001 instead, and then the whole transaction is tried again as usual.

CREATE TABLE fence (
  resource text PRIMARY KEY,       -- the name of the lock
  token    bigint NOT NULL         -- the greatest token seen; below 2^53
);

CREATE FUNCTION assert_fence(asked_resource text, asked_token bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  seen bigint;
BEGIN
  -- Takes the row's lock, waits for whoever has it, and sees what he committed.
  INSERT INTO fence AS f (resource, token) VALUES (asked_resource, asked_token)
  ON CONFLICT (resource) DO UPDATE SET token = excluded.token
    WHERE f.token <= excluded.token;
  IF FOUND THEN
    RETURN;
  END IF;
  SELECT token INTO seen FROM fence WHERE resource = asked_resource;
  RAISE EXCEPTION 'stale fencing token % for %: % has been seen',
    asked_token, asked_resource, seen
    USING ERRCODE = 'TS001',
          HINT = 'The lock was lost and somebody else has it. Roll back; do not retry with this token.';
END
$$;

-- Who is allowed to pay need not be allowed to touch the memory of the fence:
--
--     ALTER FUNCTION assert_fence SECURITY DEFINER SET search_path = public, pg_temp;
--     REVOKE ALL ON fence FROM PUBLIC;
--
-- So that the second call cannot be forgotten, let the table make it. The token goes
-- with the row, in a column of its own that every UPDATE sets; one that leaves it out
-- counts as made with the row's last token, and fails once a newer holder has begun:
--
--     ALTER TABLE accounts ADD COLUMN token bigint NOT NULL DEFAULT 0;
--     CREATE FUNCTION accounts_are_fenced() RETURNS trigger LANGUAGE plpgsql AS $$
--     BEGIN
--       PERFORM assert_fence('account/' || NEW.id, NEW.token);
--       RETURN NEW;
--     END $$;
--     CREATE TRIGGER accounts_are_fenced BEFORE UPDATE ON accounts
--       FOR EACH ROW EXECUTE FUNCTION accounts_are_fenced();
