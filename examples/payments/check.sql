-- The proofs. Each is one row: a word for it, what is claimed, how often it is violated
-- (0: it holds; null: it makes no sense without locks), and the figures behind it.
--
--     sqlite3 payments.db < examples/payments/check.sql
--
-- They use nothing but the database: the orders, the decisions, the balances.
-- Sums of money are in minor units.

-- Every decision twice, once for each account it touches, with what it did to it.
CREATE TEMP VIEW entries AS
SELECT seq, payment, token, outcome, amount, debtor AS account, 1 AS pays,
       debtor_read AS balance_read, iif(outcome = 'settled', -amount, 0) AS change
FROM applied JOIN payments ON payments.id = applied.payment
UNION ALL
SELECT seq, payment, token, outcome, amount, creditor, 0,
       creditor_read, iif(outcome = 'settled', amount, 0)
FROM applied JOIN payments ON payments.id = applied.payment;

-- The same in the order in which they were committed: what the account must have
-- held before, and what the decision before it left behind.
CREATE TEMP VIEW replay AS
SELECT entries.*,
       opening + coalesce(sum(change) OVER (history ROWS BETWEEN UNBOUNDED PRECEDING
                                                             AND 1 PRECEDING), 0) AS held,
       lag(token) OVER history AS token_before
FROM entries JOIN accounts ON accounts.id = entries.account
WINDOW history AS (PARTITION BY account ORDER BY seq);

CREATE TEMP VIEW writes AS
SELECT entries.*,
       lag(balance_read + change, 1, opening) OVER (PARTITION BY account ORDER BY seq) AS written
FROM entries JOIN accounts ON accounts.id = entries.account
WHERE outcome = 'settled';

CREATE TEMP VIEW sums AS
SELECT currency, sum(opening) AS opening, sum(balance) AS balance FROM accounts GROUP BY currency;

CREATE TEMP VIEW wrong_balances AS
SELECT id, balance - (opening + coalesce(sum(change), 0)) AS error
FROM accounts LEFT JOIN entries ON entries.account = accounts.id
GROUP BY id HAVING error <> 0;

CREATE TEMP VIEW has_locks AS
SELECT coalesce(max(value), 1) AS locks FROM settings WHERE name = 'locks';

SELECT 'sum',
       'the sum of the balances is unchanged',
       coalesce(sum(opening <> balance), 0),
       group_concat(printf('%s %,d', currency, opening)
                    || iif(balance = opening, '', printf(' became %,d', balance)), ', ')
FROM sums
UNION ALL
SELECT 'once',
       'every payment was decided exactly once',
       (SELECT count(*) FROM payments WHERE id NOT IN (SELECT payment FROM applied))
         + (SELECT count(*) - count(DISTINCT payment) FROM applied)
         + (SELECT count(*) FROM applied WHERE payment NOT IN (SELECT id FROM payments)),
       printf('%,d payments: %,d settled, %,d rejected for lack of funds',
              (SELECT count(*) FROM payments), sum(outcome = 'settled'),
              sum(outcome = 'rejected'))
FROM applied
UNION ALL
SELECT 'replay',
       'every balance equals the replay of its payments',
       (SELECT count(*) FROM wrong_balances),
       printf('%,d accounts', (SELECT count(*) FROM accounts))
         || coalesce((SELECT printf('; %,d are wrong, by %,d in all', count(*),
                                    sum(abs(error)))
                      FROM wrong_balances HAVING count(*) > 0), '')
UNION ALL
SELECT 'updates',
       'no update was lost: each read what the one before wrote',
       coalesce(sum(balance_read <> written), 0),
       printf('%,d updates of balances; %,d overwrote one they had not seen',
              count(*), sum(balance_read <> written))
FROM writes
UNION ALL
SELECT 'funds',
       'who paid had the funds, who was rejected had not',
       coalesce(sum((held >= amount) <> (outcome = 'settled')), 0),
       printf('%,d decisions', count(*))
FROM replay WHERE pays
UNION ALL
SELECT 'tokens',
       'the tokens of each account only grew',
       iif(locks, (SELECT count(*) FROM replay WHERE token IS NULL OR token <= token_before)
                    + (SELECT count(*) FROM (SELECT account, max(token) AS last FROM entries
                                             GROUP BY account)
                       LEFT JOIN fence ON resource = 'account/' || account
                       WHERE coalesce(fence.token, 0) < last), NULL),
       iif(locks, printf('from %,d to %,d', (SELECT min(token) FROM applied),
                         (SELECT max(token) FROM applied)), 'no locks, no tokens')
FROM has_locks
UNION ALL
SELECT 'takeover',
       'what the killed worker had in hand, another one took over',
       iif(count(faults.payment), sum(applied.worker IS NULL OR applied.worker = faults.worker), 1),
       iif(count(faults.payment),
           group_concat(printf('%s: worker %d was killed, worker %d did it', faults.payment,
                               faults.worker, applied.worker), '; '),
           'nobody was killed')
FROM (SELECT * FROM faults WHERE kind = 'killed') AS faults
     LEFT JOIN applied ON applied.payment = faults.payment
UNION ALL
SELECT 'late_write',
       'the late write of the frozen worker was refused',
       iif(locks, iif(count(faults.payment),
                      sum(applied.worker IS NULL OR applied.worker = faults.worker
                          OR refused.token IS NULL OR refused.token >= applied.token), 1), NULL),
       CASE
         WHEN NOT locks THEN 'no tokens to refuse it by'
         WHEN NOT count(faults.payment) THEN 'nobody was frozen'
         ELSE group_concat(printf('%s: token %d of worker %d, after token %d of worker %d',
                                  faults.payment, refused.token, faults.worker, applied.token,
                                  applied.worker), '; ')
       END
FROM has_locks LEFT JOIN (SELECT * FROM faults WHERE kind = 'frozen') AS faults
     LEFT JOIN refused ON refused.payment = faults.payment AND refused.worker = faults.worker
     LEFT JOIN applied ON applied.payment = faults.payment;
