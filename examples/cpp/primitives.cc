// One short function for each thing the library has, beside plain locks (lock.cc).
// docs/client.md shows them; running this does them all, against a server of your own.
//
//     TURNSTILE_URL=turnstile://localhost:7420 turnstile-primitives
#include <turnstile/turnstile.h>

#include <iostream>
#include <mutex>
#include <shared_mutex>

using namespace std::chrono_literals;
using turnstile::Client;

// [mutex]
void pay(turnstile::Mutex& account) {
  const std::unique_lock lock(account, 2s);
  if (!lock) return;  // somebody else has it; nobody could decide: it throws
  std::cout << "pays under token " << account.token() << '\n';
}
// [/mutex]

// [callbacks]
void settle_batch(Client& client) {
  auto grant = client.lock("batch/7", {.preempt = 500ms, .on_loss = turnstile::OnLoss::Hold});
  grant.on_revoked([](const turnstile::Revocation& asked) {
    std::cout << asked.by << " wants it within " << asked.grace.count() << " ms\n";
  });
  grant.on_lost([](const turnstile::Loss& loss) { std::cout << "lost: " << loss.cause << '\n'; });
  std::cout << "waited " << grant.waited().count() << " ms\n";
}
// [/callbacks]

// [reentrant]
void book(turnstile::ReentrantMutex& ledger, int depth) {
  const std::lock_guard lock(ledger);
  std::cout << "books under token " << ledger.token() << '\n';  // the same at each depth
  if (depth > 0) book(ledger, depth - 1);
}
// [/reentrant]

// [upgrade]
void raise_limit(turnstile::UpgradeMutex& limits) {
  std::shared_lock reading(limits);
  const auto token = limits.token();
  if (!limits.try_unlock_shared_and_lock_for(2s)) return;  // still shared
  std::cout << "writes under token " << limits.token() << ", not " << token << '\n';
  limits.unlock_and_lock_shared();
}
// [/upgrade]

// [semaphore]
void call_gateway(turnstile::Semaphore& gateway) {
  const auto permit = gateway.try_acquire_for(2s);
  if (!permit) throw permit.error();
  std::cout << "one of the permits, token " << permit->token() << '\n';
}
// [/semaphore]

// [election]
void dispatch(Client& client) {
  turnstile::Election election(client, "dispatcher");
  const auto observation = election.observe([](const turnstile::Leader& leader) {
    std::cout << (leader.is_led ? leader.value : "nobody") + " leads\n";
  });
  auto term = election.campaign("10.0.0.7:9000");
  term.proclaim("10.0.0.7:9001");
  std::cout << "leads in term " + std::to_string(election.leader().term) + "\n";
}
// [/election]

// [fence]
/// Stands for a database: executes one statement and returns how many rows it touched.
std::int64_t execute(std::string_view statement, const turnstile::Fence::Row& row) {
  std::cout << statement.substr(0, 17) << " … " << row.resource << ", " << row.token << '\n';
  return 1;
}

void move_money(Client& client) {
  const turnstile::FencedGuard guard(client, {"account/1", "account/2"}, {.wait = 5s});
  guard.fence().show(turnstile::Sql::Sqlite, execute);  // and read the balances
  guard.fence().show(turnstile::Sql::Sqlite, execute);  // again, and write them: or Stale
}
// [/fence]

// [look]
void look() {
  auto client = Client::connect({}, {.session = false});
  std::cout << client.info("account/1").text_of("state") << '\n';
}
// [/look]

int main() {
  try {
    auto client = Client::connect({}, {.name = "primitives"});
    turnstile::Mutex account(client, "account/7");
    turnstile::ReentrantMutex ledger(client, "ledger");
    turnstile::UpgradeMutex limits(client, "limits");
    turnstile::Semaphore gateway(client, "gateway", 20);
    pay(account);
    settle_batch(client);
    book(ledger, 2);
    raise_limit(limits);
    call_gateway(gateway);
    dispatch(client);
    move_money(client);
    look();
  } catch (const turnstile::Error& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
