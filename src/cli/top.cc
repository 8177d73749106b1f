// `turnstile top`: the locks that are waited for most, again and again.
#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "cli/exit_status.h"
#include "cli/lock_words.h"
#include "cli/paging.h"
#include "cli/reply_text.h"
#include "cli/signals.h"
#include "cli/subcommands.h"
#include "cli/table.h"
#include "cli/terminal.h"
#include "cli/text.h"
#include "turnstile/client.h"

namespace cli {
namespace {

using std::chrono::milliseconds;
using turnstile::Reply;

/// A look reads so many keys at most, so that it costs a busy server little.
constexpr std::uint64_t kKeysRead = 10'000;
constexpr std::size_t kRowsWithoutTerminal = 20;
constexpr std::size_t kLinesAround = 5;  ///< those of the screen that are no rows

struct TopOptions {
  std::string url;
  std::string prefix;
  std::optional<milliseconds> interval;
  bool once = false;
  bool as_json = false;
};

struct Look {
  std::vector<Reply> locks;  ///< those waited for most first, then those held longest
  std::string info;          ///< lines `name:value`
};

std::int64_t held_for(const Reply& lock) {
  const std::vector<Reply>& holders = items_of(lock, "holders");
  return holders.empty() ? 0 : holders.front().integer_of("held");
}

Look look(turnstile::Client& client, const TopOptions& options) {
  const auto page = [&](const Reply* last, int count) {
    return client.list(options.prefix, count, last == nullptr ? "" : last->text_of("key"));
  };
  Look result{all_pages(page, kKeysRead), client.call({"INFO", "locks"}).text};
  std::stable_sort(result.locks.begin(), result.locks.end(), [](const Reply& a, const Reply& b) {
    const auto rank = [](const Reply& lock) {
      return std::pair(lock.integer_of("waiting"), held_for(lock));
    };
    return rank(a) > rank(b);
  });
  return result;
}

/// The number behind `name:` in the lines of INFO.
std::uint64_t figure(const std::string& info, const std::string& name) {
  std::istringstream lines(info);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(name + ":"))
      return std::strtoull(line.c_str() + name.size() + 1, nullptr, 10);
  }
  return 0;
}

std::string summary(const Look& now, const Look* before, milliseconds between) {
  std::string text = fmt::format("{} held, {} waiting", grouped(figure(now.info, "grants")),
                                 grouped(figure(now.info, "waiters")));
  if (before != nullptr) {
    const std::uint64_t applied =
        figure(now.info, "commands_applied") - figure(before->info, "commands_applied");
    const std::uint64_t refused =
        figure(now.info, "commands_refused") - figure(before->info, "commands_refused");
    const auto per_second = [&](std::uint64_t count) {
      return grouped(count * 1'000 /
                     static_cast<std::uint64_t>(std::max<std::int64_t>(1, between.count())));
    };
    text += fmt::format("; {} commands/s, {} refused/s", per_second(applied), per_second(refused));
  }
  if (now.locks.size() == kKeysRead) text += fmt::format("; the first {} keys", grouped(kKeysRead));
  return text;
}

Table table_of(const std::vector<Reply>& locks, std::size_t rows) {
  Table table({{.heading = "WAITING", .is_number = true},
               {.heading = "EXPECT", .is_number = true},
               {.heading = "KEY", .is_elastic = true, .least = 24},
               {.heading = "STATE"},
               {.heading = "HELD FOR", .is_number = true},
               {.heading = "HOLDER", .is_elastic = true, .least = 14},
               {.heading = "NOTE", .is_elastic = true, .is_spare = true}});
  for (const Reply& lock : locks) {
    if (rows-- == 0) break;
    const std::vector<Reply>& holders = items_of(lock, "holders");
    const Reply* expected = lock.find("expected");
    const bool is_known = expected != nullptr && expected->kind == Reply::Kind::Integer;
    table.add({grouped(static_cast<std::uint64_t>(lock.integer_of("waiting"))),
               is_known ? duration_of(lock, "expected") : "", printable_of(lock, "key"),
               state_cell(lock), holders.empty() ? "" : duration_of(holders.front(), "held"),
               holders_text(lock), holders.empty() ? "" : printable_of(holders.front(), "note")});
  }
  return table;
}

std::size_t rows_of_screen() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row <= kLinesAround) {
    return kRowsWithoutTerminal;
  }
  return size.ws_row - kLinesAround;
}

std::string screen(const Look& now, const Look* before, milliseconds between) {
  std::string text = summary(now, before, between) + "\n\n";
  if (now.locks.empty()) return text + "No lock is held or waited for.\n";
  return text + table_of(now.locks, rows_of_screen()).text(standard_output());
}

/// The other screen of the terminal, until it goes away.
class OtherScreen {
 public:
  OtherScreen() { fmt::print("\x1b[?1049h\x1b[?25l"); }
  ~OtherScreen() {
    fmt::print("\x1b[?25h\x1b[?1049l");
    std::fflush(stdout);
  }
  OtherScreen(const OtherScreen&) = delete;
  OtherScreen& operator=(const OtherScreen&) = delete;
};

/// Whether to go on: the time is over, and no signal that asks us to end has come.
bool wait(SignalQueue& signals, milliseconds time) {
  pollfd watched{signals.fd(), POLLIN, 0};
  if (::poll(&watched, 1, static_cast<int>(time.count())) <= 0) return true;
  while (const std::optional<int> signal = signals.next()) {
    if (*signal != SIGWINCH && *signal != SIGCONT && *signal != SIGCHLD) return false;
  }
  return true;
}

int run_top(const TopOptions& options) {
  auto client = turnstile::Client::connect(options.url, {.session = false});
  Look now = look(client, options);
  if (options.as_json) {
    fmt::print("{}\n", json_text({.kind = Reply::Kind::Array, .text = {}, .items = now.locks}));
    return number_of(ExitStatus::Success);
  }
  if (options.once || ::isatty(STDOUT_FILENO) == 0) {
    fmt::print("{}", screen(now, nullptr, {}));
    return number_of(ExitStatus::Success);
  }
  SignalQueue signals;
  const OtherScreen other;
  const milliseconds interval = options.interval.value_or(milliseconds(1'000));
  std::optional<Look> before;
  do {
    fmt::print("\x1b[H\x1b[J{}\nctrl-c ends", screen(now, before ? &*before : nullptr, interval));
    std::fflush(stdout);
    if (!wait(signals, interval)) break;
    before = std::move(now);
    now = look(client, options);
  } while (true);
  return number_of(ExitStatus::Success);
}

}  // namespace

void add_top(Program& program) {
  const auto options = std::make_shared<TopOptions>();
  CLI::App& app = program.add(
      {.name = "top",
       .summary = "Shows the locks that are waited for most, and who holds them, every second.",
       .usage = "[PREFIX] [OPTIONS]",
       .examples = "turnstile top\n"
                   "turnstile top account/ --interval 5s\n"
                   "turnstile top --once",
       .remarks = "Without a terminal it shows them once. EXPECT is how long one who came now\n"
                  "should expect to wait."},
      [options] { return run_top(*options); });
  app.add_option("PREFIX", options->prefix, "Only keys that begin with this");
  add_duration_option(app, "--interval", options->interval, "How often it looks (1s)");
  app.add_flag("--once", options->once, "Looks once");
  add_json_option(app, options->as_json);
  add_server_option(app, options->url);
}

}  // namespace cli
