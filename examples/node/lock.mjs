// A lock from Node, with the `redis` package as it is:
//
//     npm install && TURNSTILE_PORT=7420 node lock.mjs
//
// Takes two accounts at once, works, and gives them back. The token goes along with
// every write to the database; see docs/fencing.md for the other end of it.
import { createClient } from "redis";

// RESP2 has no maps: they come as key, value, key, value.
const asMap = (reply) =>
  Object.fromEntries(reply.flatMap((key, i) => (i % 2 ? [] : [[key, reply[i + 1]]])));

const port = process.env.TURNSTILE_PORT ?? 7420;
const locks = createClient({ url: `redis://127.0.0.1:${port}`, RESP: 2 });
locks.on("error", (error) => console.error(error.message));
await locks.connect();

// One client is one connection, so the session it opens speaks for all its commands.
// After a reconnect, say SESSION.ATTACH id secret.
const session = asMap(await locks.sendCommand(["SESSION.OPEN", "TTL", "10000", "NAME", "lock.mjs"]));
console.log("session", session.id);

try {
  const grant = asMap(
    await locks.sendCommand(["LOCK.ACQUIRE", "account/1", "AND", "account/2", "WAIT", "5000"]),
  );
  console.log("token", grant.token, "after", grant.waited, "ms");
  // … BEGIN; SELECT assert_fence('account/1', token); SELECT … ; UPDATE … ; COMMIT …
  const released = await locks.sendCommand(["LOCK.RELEASE", "account/1", String(grant.token)]);
  console.log("released", released);
} catch (error) {
  console.log("not granted:", error.message); // BUSY …, DEADLOCK …: never a null
  process.exitCode = 1;
}
await locks.sendCommand(["SESSION.CLOSE"]);
await locks.close();
