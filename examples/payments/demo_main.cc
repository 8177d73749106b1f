// The driver of the payments demo: starts a lock server, has worker processes settle a
// file of payments with locks, settles it once more without, and reports what the
// databases prove. Then the second act: card payments as flows of steps, and the end of
// their day. README.md says how to read the result.
//
// Ends with 0 if everything held but for the run without locks, which must lose something, 1 if
// not, 2 if the demo could not run, and 130 after Ctrl-C. Whatever it started has ended then.
#include <fmt/format.h>
#include <signal.h>
#include <stdlib.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <string>

#include "card_act.h"
#include "card_report.h"
#include "csv.h"
#include "dispatcher.h"
#include "figures.h"
#include "interrupted.h"
#include "lock_server.h"
#include "report.h"

namespace payments {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPaymentsMin = 100;

volatile std::sig_atomic_t is_stopped = 0;

struct DemoOptions {
  fs::path file;
  int worker_count = 4;
  int ttl_ms = 1'500;
  int work_us = 500;
  std::size_t card_count = 2'000;
  fs::path keep;
  bool as_json = false;
};

/// Where the journal and the databases are: removed at the end, unless it is to be kept.
class Directory {
 public:
  explicit Directory(const fs::path& keep) : is_kept_(!keep.empty()) {
    if (is_kept_) {
      if (fs::exists(keep) && !fs::is_empty(keep)) {
        throw std::runtime_error(fmt::format("{}: is not an empty directory", keep.string()));
      }
      fs::create_directories(keep);
      path_ = fs::absolute(keep);
    } else {
      std::string name = fs::temp_directory_path() / "turnstile-payments-XXXXXX";
      if (mkdtemp(name.data()) == nullptr) {
        throw std::system_error(errno, std::generic_category(), name);
      }
      path_ = name;
    }
  }
  ~Directory() {
    std::error_code ignored;
    if (!is_kept_) fs::remove_all(path_, ignored);
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  const fs::path& path() const { return path_; }

 private:
  bool is_kept_;
  fs::path path_;
};

DemoOptions parse_options(int argc, char** argv) {
  DemoOptions options;
  CLI::App app("Settles payments under locks while workers are killed and frozen, then without.");
  app.add_option("--payments", options.file, "CSV file: id,debtor,creditor,amount,currency")
      ->required()
      ->take_last();
  app.add_option("--workers", options.worker_count, "Worker processes (default 4)")
      ->check(CLI::Range(3, 64));
  app.add_option("--ttl", options.ttl_ms, "TTL of their sessions in ms (default 1500)")
      ->check(CLI::Range(1'000, 60'000));
  app.add_option("--work", options.work_us,
                 "Microseconds between the read and the write of a payment (default 500)")
      ->check(CLI::Range(0, 1'000'000));
  app.add_option("--cards", options.card_count,
                 "How many of the payments the second act runs as flows (default 2000)")
      ->check(CLI::Range(100, 100'000));
  app.add_option("--keep", options.keep, "Keep the databases and the journal in this directory");
  app.add_flag("--json", options.as_json, "The result as JSON; the progress goes to stderr");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error) == 0 ? 0 : 2);
  }
  return options;
}

/// The driver, the worker and `turnstile` are built into one folder.
fs::path program(const char* name) {
  return fs::read_symlink("/proc/self/exe").parent_path() / name;
}

Run settle(const DemoOptions& options, const std::vector<Payment>& payments,
           const fs::path& database, const std::string& server) {
  const bool has_locks = !server.empty();
  Ledger::create(database, payments, has_locks);
  Progress progress(options.as_json ? stderr : stdout, has_locks ? "with locks" : "without locks",
                    static_cast<std::int64_t>(payments.size()), has_locks ? "waits" : "collisions");
  Dispatcher dispatcher(payments,
                        {.program = program("payments-worker"),
                         .database = database,
                         .server = server,
                         .ttl_ms = options.ttl_ms,
                         .work_us = options.work_us},
                        options.worker_count, progress, is_stopped);
  Run run;
  run.settlement = dispatcher.run();
  run.verdict = check(database);
  return run;
}

Demonstration demonstrate(const DemoOptions& options, const std::vector<Payment>& payments,
                          const fs::path& directory) {
  Demonstration demonstration{.payment_count = payments.size(),
                              .worker_count = options.worker_count,
                              .ttl_ms = options.ttl_ms};
  LockServer server(program("turnstile"), directory / "server");
  demonstration.locked = settle(options, payments, directory / "with_locks.db", server.url());
  server.stop();
  demonstration.unlocked = settle(options, payments, directory / "without_locks.db", "");
  return demonstration;
}

CardRun run_cards(const DemoOptions& options, std::vector<Payment> payments,
                  const fs::path& directory) {
  payments.resize(std::min(payments.size(), options.card_count));
  LockServer server(program("turnstile"), directory / "server_of_flows");
  Progress progress(options.as_json ? stderr : stdout, "card payments",
                    static_cast<std::int64_t>(payments.size()), "steps");
  CardRun run = run_card_act(payments,
                             {.program = program("payments-step-worker"),
                              .database = directory / "cards.db",
                              .server = server.url(),
                              .ttl_ms = options.ttl_ms},
                             progress, is_stopped);
  server.stop();
  return run;
}

std::vector<Payment> read_enough_payments(const fs::path& file) {
  std::vector<Payment> payments = read_payments(file);
  if (payments.size() < kPaymentsMin) {
    throw CsvError(
        fmt::format("{}: {} payments are too few to kill and freeze workers over; "
                    "{} are needed",
                    file.string(), payments.size(), kPaymentsMin));
  }
  return payments;
}

int run(const DemoOptions& options) {
  const std::vector<Payment> payments = read_enough_payments(options.file);
  const Directory directory(options.keep);
  const Demonstration demonstration = demonstrate(options, payments, directory.path());
  if (!options.as_json) std::cout << to_text(demonstration) << std::endl;
  const CardRun cards = run_cards(options, payments, directory.path());
  const bool is_ok = demonstration.is_safe() && demonstration.shows_loss() && cards.is_ok();
  if (options.as_json) {
    auto json = to_json(demonstration);
    json["ok"] = is_ok;
    json["cards"] = to_json(cards);
    std::cout << json.dump(2) << '\n';
  } else {
    std::cout << to_text(cards);
    if (!options.keep.empty()) std::cout << "Kept in " << directory.path().string() << '\n';
  }
  return is_ok ? 0 : 1;
}

void listen_to_signals() {
  struct sigaction action{};
  action.sa_handler = [](int) { is_stopped = 1; };
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaction(number, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

}  // namespace
}  // namespace payments

int main(int argc, char** argv) {
  const auto options = payments::parse_options(argc, argv);
  payments::listen_to_signals();
  try {
    return payments::run(options);
  } catch (const payments::Interrupted&) {
    std::cerr << "\ninterrupted\n";
    return 130;
  } catch (const std::exception& error) {
    std::cerr << "payments-demo: " << error.what() << '\n';
    return 2;
  }
}
