// A worker of the second act: takes the ready tasks of the names that it is told, in whatever
// flow, and runs them, until stdin ends.
//
// So that the demo can kill and freeze it at the worst moment it takes orders from stdin and
// answers on stdout, a line at a time:
//
//     stand before       the next step stands still before it writes, goes on at `go`
//     stand after        the same, after it has written and before it reports
//     go
//     standing STEP PAYMENT TOKEN      the answer
#include <fmt/format.h>
#include <turnstile/turnstile.h>

#include <CLI/CLI.hpp>
#include <condition_variable>
#include <iostream>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "card_ledger.h"
#include "card_steps.h"
#include "close_ledger.h"
#include "close_steps.h"

namespace payments {
namespace {

struct WorkerOptions {
  std::string database;
  std::string server;
  int number = 0;
  int ttl_ms = 10'000;
  std::vector<std::string> tasks;
};

/// Where the next step is to stand still, if anywhere.
class Stand {
 public:
  void order(Place place) {
    const std::lock_guard lock(mutex_);
    place_ = place;
    may_go_ = false;
  }
  void go() {
    const std::lock_guard lock(mutex_);
    may_go_ = true;
    changed_.notify_all();
  }
  void stand_still(Place place, const CardStep& step) {
    std::unique_lock lock(mutex_);
    if (place_ != place) return;
    place_.reset();
    std::cout << fmt::format("standing {} {} {}\n", step.step, step.payment, step.token)
              << std::flush;
    changed_.wait(lock, [&] { return may_go_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Place> place_;
  bool may_go_ = false;
};

void obey_until_end(Stand& stand) {
  for (std::string line; std::getline(std::cin, line);) {
    if (line == "stand before") stand.order(Place::BeforeWrite);
    if (line == "stand after") stand.order(Place::AfterWrite);
    if (line == "go") stand.go();
  }
  stand.go();
}

void run(const WorkerOptions& options) {
  const auto client =
      turnstile::Client::connect(options.server, {.name = fmt::format("worker {}", options.number),
                                                  .ttl = turnstile::Milliseconds(options.ttl_ms)});
  CardLedger cards(options.database);
  CloseLedger close(options.database);
  Stand stand;
  const turnstile::Worker worker(
      client, options.tasks, [&](turnstile::Attempt& attempt, const std::stop_token& stop) {
        if (attempt.flow() == kCloseFlow) {
          return run_close_step(client, close, attempt, stop, options.number);
        }
        return run_card_step(
            cards, attempt, options.number,
            [&](Place place, const CardStep& step) { stand.stand_still(place, step); });
      });
  obey_until_end(stand);
}

WorkerOptions parse_options(int argc, char** argv) {
  WorkerOptions options;
  CLI::App app("A worker of the payments demo's second act; payments-demo starts it.");
  app.add_option("--database", options.database, "The database")->required();
  app.add_option("--server", options.server, "The server")->required();
  app.add_option("--number", options.number, "Which worker this is")->required();
  app.add_option("--ttl", options.ttl_ms, "The session's TTL in milliseconds");
  app.add_option("--task", options.tasks, "A name of tasks to take; may be repeated")->required();
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
    payments::run(options);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "worker " << options.number << ": " << error.what() << '\n';
    return 1;
  }
}
