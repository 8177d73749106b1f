// One short function for each thing the library has for tasks and signals. docs/client.md shows
// them; running this does them all, against a server of your own.
//
//     TURNSTILE_URL=turnstile://localhost:7420 turnstile-tasks
#include <turnstile/turnstile.h>

#include <iostream>
#include <string>
#include <thread>

using namespace std::chrono_literals;
using turnstile::After;
using turnstile::Attempt;
using turnstile::Client;
using turnstile::Flow;
using turnstile::Outcome;

// [flow]
void begin_payment(Flow payment) {
  payment.add("authorise", {.after = After::nothing(), .timeout = 10s, .input = "card 7"});
  payment.add("capture", {.after = {"authorise"}});
  payment.add("notify", {.after = {"capture"}, .when = turnstile::When::Ended});
}
// [/flow]

// [join]
void capture(Flow payment) {
  auto attempt = payment.join("capture", {.after = {"authorise"}}, {.wait = 30s});
  const std::string& authorised = attempt.result("authorise").result;
  std::cout << "captures " + authorised + " under token " << attempt.token() << '\n';
  attempt.complete("captured");  // and with that, "notify" is ready: one entry
}
// [/join]

// [worker]
Outcome authorise(Attempt& attempt) {
  if (attempt.input().empty()) return Outcome::failed("there is no card");
  return Outcome::completed("authorisation of " + attempt.input());
}

void work(Client& client, Flow payment) {
  const turnstile::Worker worker(client, {"authorise"}, authorise, {.threads = 2});
  begin_payment(payment);
  std::cout << payment.result("authorise").result + "\n";  // waits for it
}
// [/worker]

// [handler]
Outcome import_file(Attempt& attempt, std::stop_token stop) {
  int row = attempt.checkpoint().empty() ? 0 : std::stoi(attempt.checkpoint());
  for (; row < 1000; ++row) {
    if (stop.stop_requested()) return Outcome::released(std::to_string(row));
  }
  return Outcome::completed(std::to_string(row) + " rows");
}
// [/handler]

// [saga]
void reserve_both(Flow order) {
  turnstile::saga(order)
      .step("reserve_a")
      .compensate("void_a")
      .step("reserve_b")
      .compensate("void_b")
      .step("pay")
      .declare();
}
// [/saga]

void run_saga(Client& client) {
  const auto turns = turnstile::keep_turns(client);
  const turnstile::Worker worker(client, {"reserve_a", "void_a", "reserve_b", "void_b", "pay"},
                                 [](Attempt& attempt) {
                                   if (attempt.task() == "pay") return Outcome::failed("no money");
                                   return Outcome::completed("did " + attempt.task());
                                 });
  Flow order = client.flow("order/1");
  reserve_both(order);
  const auto undone = order.result("void_a");
  std::cout << undone.task << ": " << undone.result << '\n';
}

// [event]
void wait_for_rates(turnstile::Event& rates) {
  const auto seen = rates.wait();
  std::cout << "rates of " << seen.payload << '\n';
  const auto newer = rates.wait_after_for(seen.generation, 10ms);
  if (!newer) std::cout << "none newer\n";
}
// [/event]

// [barrier]
void close_day(Client& client, const std::string& branch) {
  turnstile::Barrier day(client, "close/2026-11-25", 2, {.participant = branch});
  const auto passage = day.arrive_and_wait("totals of " + branch);  // throws Broken if one dies
  std::cout << std::to_string(passage.payloads.size()) + " branches have closed\n";
}
// [/barrier]

// [latch]
void load(Client& client) {
  turnstile::Latch loaded(client, "load/2026-11-25");
  loaded.set(2);
  loaded.count_down("shard 1");
  loaded.count_down("shard 2");
  loaded.wait();
}
// [/latch]

int main() {
  try {
    auto client = Client::connect({}, {.name = "tasks"});
    Flow payment = client.flow("payment/8731");
    work(client, payment);
    capture(payment);
    payment.close();
    {
      const turnstile::Worker importer(client, {"import"}, import_file);
      client.flow("files/1").add("import");
      std::cout << client.flow("files/1").result("import").result << '\n';
    }
    run_saga(client);
    turnstile::Event rates(client, "rates");
    rates.set("today");
    wait_for_rates(rates);
    std::thread other([&] { close_day(client, "branch 2"); });
    close_day(client, "branch 1");
    other.join();
    load(client);
    std::cout << "all done\n";
    return 0;
  } catch (const turnstile::Error& error) {
    std::cerr << turnstile::name(error.code()) << ": " << error.what() << '\n';
    return 1;
  }
}
