// A worker of the payments demo, and the part that an application would copy: it
// takes both accounts in one request, shows the token to the database, reads,
// computes, and writes where the database checks the token once more.
//
// It gets its orders from stdin and reports on stdout (protocol.h). Without
// --server it does the same without locks and tokens.
#include <fmt/format.h>
#include <turnstile/turnstile.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <deque>
#include <iostream>
#include <optional>
#include <thread>

#include "ledger.h"
#include "protocol.h"

namespace payments {
namespace {

struct WorkerOptions {
  std::string database;
  int number = 0;
  std::string server;  ///< empty: without locks
  int ttl_ms = 10'000;
  int work_us = 0;
};

class Worker {
 public:
  explicit Worker(WorkerOptions options)
      : options_(std::move(options)), ledger_(options_.database) {
    if (options_.server.empty()) return;
    client_ = turnstile::Client::connect(options_.server,
                                         {.name = fmt::format("worker {}", options_.number),
                                          .ttl = turnstile::Milliseconds(options_.ttl_ms)});
  }

  /// Serves until stdin ends.
  void run();

 private:
  Report settle(const Order& order);
  turnstile::Grant acquire(const Payment& payment);
  Outcome settle_locked(const Order& order, const Payment& payment, const turnstile::Grant& grant);
  void compute();
  void stand_still(const Order& order);
  std::optional<Order> read_order();
  void say(const Report& report);

  WorkerOptions options_;
  Ledger ledger_;
  std::optional<turnstile::Client> client_;
  std::deque<Order> waiting_;  ///< orders that came before `go`
};

/// Both accounts in one request: all or none, so that nobody can be in a deadlock.
turnstile::Grant Worker::acquire(const Payment& payment) {
  if (!client_) return {};
  return client_->lock_all({lock_of(payment.debtor), lock_of(payment.creditor)},
                           {.note = payment.id});
}

/// What a payment engine does between its read and its write: limits, fees, screening.
void Worker::compute() { std::this_thread::sleep_for(std::chrono::microseconds(options_.work_us)); }

Outcome Worker::settle_locked(const Order& order, const Payment& payment,
                              const turnstile::Grant& grant) {
  const Ledger::Token token = client_ ? Ledger::Token(grant.token()) : std::nullopt;
  const std::optional<Reading> reading = ledger_.read(payment, token);
  if (!reading) return Outcome::Stale;
  if (reading->is_applied) return Outcome::Already;
  compute();
  // Saves a futile write, and no more: the process may be put to sleep right after it.
  if (client_ && !grant.is_held()) return Outcome::Lost;
  stand_still(order);
  return ledger_.write(payment, *reading, token, options_.number);
}

Report Worker::settle(const Order& order) {
  const Payment payment = ledger_.payment(order.number);
  Report report{.number = order.number, .asked_us = now_us()};
  const turnstile::Grant grant = acquire(payment);
  report.granted_us = now_us();
  report.outcome = settle_locked(order, payment, grant);
  report.written_us = now_us();
  if (report.outcome == Outcome::Stale) {
    ledger_.record_refusal(payment, grant.token(), options_.number);
  }
  return report;
}

/// Where the driver kills or freezes this process, if it has told it to stand.
void Worker::stand_still(const Order& order) {
  if (order.kind != Order::Kind::Stand) return;
  say({.kind = Report::Kind::Standing, .number = order.number});
  while (const std::optional<Order> next = read_order()) {
    if (next->kind == Order::Kind::Go) return;
    waiting_.push_back(*next);
  }
}

std::optional<Order> Worker::read_order() {
  std::string line;
  if (!std::getline(std::cin, line)) return std::nullopt;
  const std::optional<Order> order = parse_order(line);
  if (!order) throw std::runtime_error("no order: " + line);
  return order;
}

void Worker::say(const Report& report) { std::cout << to_line(report) << std::flush; }

void Worker::run() {
  while (const std::optional<Order> order = read_order()) {
    waiting_.push_back(*order);
    while (!waiting_.empty()) {
      const Order next = waiting_.front();
      waiting_.pop_front();
      say(settle(next));
    }
  }
}

WorkerOptions parse_options(int argc, char** argv) {
  WorkerOptions options;
  CLI::App app("A worker of the payments demo; payments-demo starts it.");
  app.add_option("--database", options.database, "The database")->required();
  app.add_option("--number", options.number, "Which worker this is")->required();
  app.add_option("--server", options.server, "The lock server; without it, no locks");
  app.add_option("--ttl", options.ttl_ms, "The session's TTL in milliseconds");
  app.add_option("--work", options.work_us, "Microseconds between read and write");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error));
  }
  return options;
}

}  // namespace
}  // namespace payments

int main(int argc, char** argv) {
  const auto options = payments::parse_options(argc, argv);
  try {
    payments::Worker(options).run();
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "worker " << options.number << ": " << error.what() << '\n';
    return 1;
  }
}
