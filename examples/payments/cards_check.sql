-- The proofs of the card payments and of the end of their day, as in check.sql: a word,
-- what is claimed, how often it is violated, and the figures behind it.
--
-- They use nothing but the database, into which the driver has also written what it did to
-- the workers and which flows the server still knew at the end.

CREATE TEMP VIEW steps AS
SELECT column1 AS step, column2 AS place
FROM (VALUES ('authorise', 1), ('capture', 2), ('post', 3), ('notify', 4));

-- What should be there: all four steps of a payment that was authorised, and of one that was
-- declined the first and the last.
CREATE TEMP VIEW expected AS
SELECT payments.id AS payment, steps.step, steps.place, authorised.outcome AS authorised
FROM payments JOIN steps
     LEFT JOIN effects AS authorised
            ON authorised.payment = payments.id AND authorised.step = 'authorise'
WHERE authorised.outcome IS NOT 'declined' OR place IN (1, 4);

CREATE TEMP VIEW history AS
SELECT effects.*, place, amount, debtor, creditor, currency,
       lag(place) OVER of_payment AS place_before,
       lag(result) OVER of_payment AS result_before
FROM effects JOIN steps USING (step) JOIN payments ON payments.id = effects.payment
WINDOW of_payment AS (PARTITION BY payment ORDER BY seq);

-- What each account must hold: its opening, less what was captured from it, plus what was
-- posted to it, less the fee of the day; the bank's own accounts have the other side.
CREATE TEMP VIEW entries AS
SELECT debtor AS account, -amount AS change FROM history WHERE step = 'capture'
UNION ALL SELECT 'clearing/' || currency, amount FROM history WHERE step = 'capture'
UNION ALL SELECT 'clearing/' || currency, -amount FROM history WHERE step = 'post'
UNION ALL SELECT creditor, amount FROM history WHERE step = 'post'
UNION ALL SELECT account, -amount FROM fees
UNION ALL SELECT 'fees/' || currency, amount FROM fees JOIN accounts ON id = account;

CREATE TEMP VIEW wrong_balances AS
SELECT id FROM accounts LEFT JOIN (SELECT account, sum(change) AS change FROM entries
                                   GROUP BY account) ON account = id
WHERE balance <> opening + coalesce(change, 0) OR held <> 0;

CREATE TEMP VIEW struck AS
SELECT faults.*, effects.token AS written_token, effects.worker AS written_by,
       (SELECT max(token) FROM attempts WHERE attempts.payment = faults.payment
                                          AND attempts.step = faults.step) AS last_token
FROM faults LEFT JOIN effects USING (payment, step);

SELECT 'order',
       'the steps of each payment ran in order',
       coalesce(sum(place <= place_before), 0),
       printf('%,d steps of %,d payments: authorise, capture, post, notify', count(*),
              count(DISTINCT payment))
FROM history
UNION ALL
SELECT 'once',
       'each step had its effect exactly once',
       (SELECT count(*) FROM expected
        WHERE NOT EXISTS (SELECT 1 FROM effects WHERE effects.payment = expected.payment
                                                  AND effects.step = expected.step))
         + abs((SELECT count(*) FROM expected) - count(*))
         + (SELECT count(*) FROM (SELECT 1 FROM attempts GROUP BY payment, step
                                  HAVING sum(is_first) <> 1)),
       printf('%,d effects by %,d attempts; %,d payments declined, which skips two steps',
              count(*), (SELECT count(*) FROM attempts), sum(outcome = 'declined'))
FROM effects
UNION ALL
SELECT 'handed_on',
       'each step was handed what the step before it had written',
       coalesce(sum(handed <> coalesce(result_before, '')), 0),
       printf('%,d results', sum(place > 1))
FROM history
UNION ALL
SELECT 'balances',
       'every balance equals the replay of the steps, and nothing is left on hold',
       (SELECT count(*) FROM wrong_balances),
       printf('%,d accounts, %,d of them the bank''s own', count(*), sum(branch = 0))
FROM accounts
UNION ALL
SELECT 'tokens',
       'no effect has a greater token than the fence has seen',
       count(*) - sum(coalesce(fence.token >= effects.token, 0)),
       printf('from %,d to %,d', min(effects.token), max(effects.token))
FROM effects LEFT JOIN fence ON resource = 'card/' || payment || '/' || step
UNION ALL
SELECT 'takeover',
       'the capture of the killed worker was taken over, and its effect was found',
       iif(count(*), sum(written_token IS NOT token OR last_token <= token), 1),
       iif(count(*),
           group_concat(printf('%s: worker %d was killed after its write with token %d, '
                               || 'worker %d found it with token %d', struck.payment,
                               struck.worker, struck.token,
                               (SELECT worker FROM attempts WHERE attempts.token = last_token),
                               last_token), '; '),
           'nobody was killed')
FROM struck WHERE kind = 'killed'
UNION ALL
SELECT 'late_write',
       'the late write of the frozen worker was refused',
       iif(count(*), sum(coalesce(refused.token IS NOT struck.token
                                  OR written_token <= struck.token
                                  OR written_by = struck.worker, 1)), 1),
       iif(count(*),
           group_concat(printf('%s: token %d of worker %d, after token %d of worker %d',
                               struck.payment, refused.token, struck.worker, written_token,
                               written_by), '; '),
           'nobody was frozen')
FROM struck LEFT JOIN refused USING (payment, step, worker) WHERE kind = 'frozen'
UNION ALL
SELECT 'ended',
       'every flow has ended, and none is stuck',
       iif(count(*), sum(unfinished + dead + (declared <> (SELECT count(*) FROM payments))), 1),
       printf('%,d flows declared, %,d unfinished at the server, %,d of them dead',
              sum(declared), sum(unfinished), sum(dead))
FROM flows
UNION ALL
SELECT 'branches',
       'each branch booked once, after the cut-off, and passed the barrier with the others',
       (SELECT count(DISTINCT branch) FROM accounts WHERE branch > 0) - count(barrier)
         + abs(count(DISTINCT cut_off) - 1) + abs(count(DISTINCT barrier) - 1)
         + coalesce(sum(seq <= (SELECT max(seq) FROM effects)), 0),
       printf('%,d branches, %,d fees; cut-off of generation %d, barrier of generation %d',
              count(*), (SELECT count(*) FROM fees), max(cut_off), max(barrier))
FROM branches
UNION ALL
SELECT 'trial_balance',
       'the sum of all accounts is the opening total',
       abs(count(*) - (SELECT count(DISTINCT currency) FROM accounts))
         + coalesce(sum(opening <> accounts + clearing + fees), 0)
         + coalesce(sum(opening <> (SELECT sum(opening) FROM accounts AS a
                                    WHERE a.currency = trial_balance.currency)), 0)
         + coalesce(sum(accounts + clearing + fees
                        <> (SELECT sum(balance) FROM accounts AS a
                            WHERE a.currency = trial_balance.currency)), 0),
       coalesce(group_concat(printf('%s %,d = %,d in accounts + %,d in clearing + %,d of fees',
                                    currency, opening, accounts, clearing, fees), '; '), 'none')
FROM trial_balance;
