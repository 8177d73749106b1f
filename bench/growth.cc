// See growth.h.
#include "growth.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <thread>

#include "bare_connection.h"
#include "server_process.h"
#include "statistics.h"
#include "workloads.h"

namespace bench {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::string_view kDayMs = "86400000";
/// Requests of one connection under way; the server lets 1,024 wait for their answers.
constexpr long kDepth = 500;
constexpr int kProbeWorkers = 8;
constexpr auto kProbeLength = std::chrono::seconds(1);
constexpr int kLoadWorkers = 64;
constexpr int kHandOffsMax = 2'000;
constexpr int kHeldUnderLoad = 100'000;
constexpr double kMib = 1024 * 1024;
constexpr auto kCompactionWithin = std::chrono::minutes(10);
/// No snapshot until the journal has a gigabyte and more, so that a start replays all of it.
constexpr std::string_view kNoCompaction = "compaction_bytes_min = 1073741824\n";

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

void say(const std::string& what) {
  fmt::print(stderr, "growth: {}\n", what);
  std::fflush(stderr);
}

/// What the server occupies of the machine's memory.
double memory_bytes(const ServerProcess& server) {
  std::ifstream stream(fmt::format("/proc/{}/status", server.pid()));
  for (std::string line; std::getline(stream, line);) {
    if (line.starts_with("VmRSS:")) return 1024 * std::stod(line.substr(6));
  }
  throw std::runtime_error("the server's memory cannot be seen");
}

double folder_bytes(const fs::path& folder) {
  double sum = 0;
  for (const auto& file : fs::recursive_directory_iterator(folder)) {
    // The compactor may delete one meanwhile.
    std::error_code gone;
    const auto size = file.file_size(gone);
    if (!gone) sum += static_cast<double>(size);
  }
  return sum;
}

/// A number that INFO tells.
long told(BareConnection& connection, std::string_view name) {
  const resp::Value info = connection.call({"INFO"});
  const std::string_view text = info.as_string().value_or(std::string_view());
  const std::string start = fmt::format("\n{}:", name);
  const std::size_t at = text.find(start);
  if (at == std::string_view::npos) throw std::runtime_error(fmt::format("INFO: no {}", name));
  long value = 0;
  std::from_chars(text.data() + at + start.size(), text.data() + text.size(), value);
  return value;
}

/// Calls `append(n)` for each n in [from, to), which puts one request behind the others, and
/// `take(n, reply)` with the reply. Many are under way at once.
template <class Append, class Take>
void in_stream(BareConnection& connection, long from, long to, Append append, Take take) {
  for (long begin = from; begin < to; begin += kDepth) {
    const long end = std::min(to, begin + kDepth);
    for (long n = begin; n < end; ++n) append(n);
    connection.flush();
    for (long n = begin; n < end; ++n) {
      const resp::Value reply = connection.read();
      if (reply.is_error()) throw std::runtime_error(reply.text);
      take(n, reply);
    }
  }
}

std::string token_of(const resp::Value& grant) {
  const resp::Value* const field = grant.find("token");
  const auto token = field == nullptr ? std::nullopt : field->as_integer();
  if (!token) throw std::runtime_error("no grant: " + resp::to_text(grant));
  return std::to_string(*token);
}

void hold(BareConnection& connection, long from, long to) {
  in_stream(
      connection, from, to,
      [&](long n) { connection.append({"LOCK.ACQUIRE", fmt::format("bench/held/{}", n)}); },
      [](long, const resp::Value& reply) { token_of(reply); });
}

/// How fast eight others lock and unlock keys of their own meanwhile.
void add_probe(Line& line, const ServerProcess& server) {
  const auto lockers = make_lockers(Way::Bare, server.port(), kProbeWorkers);
  const Outcome outcome = run(
      {.way = "bare", .workers = kProbeWorkers}, lockers, [&] { return server.processor_time(); },
      kProbeLength);
  line.figures.insert(line.figures.end(), outcome.figures.begin(), outcome.figures.end());
}

GrowthSheet measure_held(const ServerProcess& server, BareConnection& holder,
                         const std::vector<int>& counts) {
  GrowthSheet sheet{"held locks", {}};
  const double before = memory_bytes(server);
  int held = 0;
  for (const int count : counts) {
    say(fmt::format("{} held locks", count));
    const auto begin = Clock::now();
    hold(holder, held, count);
    Line line{fmt::format("{} held", count),
              {{"acquired/s", (count - held) / seconds_since(begin)},
               {"bytes per lock", (memory_bytes(server) - before) / count}}};
    held = count;
    add_probe(line, server);
    sheet.lines.push_back(std::move(line));
  }
  return sheet;
}

GrowthSheet measure_sessions(const ServerProcess& server, int count) {
  say(fmt::format("{} sessions", count));
  BareConnection connection(server.port(), Session::None);
  const double before = memory_bytes(server);
  const auto begin = Clock::now();
  in_stream(
      connection, 0, count,
      [&](long) { connection.append({"SESSION.OPEN", "TTL", "3600000", "ONCLOSE", "KEEP"}); },
      [](long, const resp::Value&) {});
  Line line{fmt::format("{} sessions", count),
            {{"opened/s", count / seconds_since(begin)},
             {"bytes per session", (memory_bytes(server) - before) / count}}};
  add_probe(line, server);
  return {"sessions", {std::move(line)}};
}

/// A queue of waiters on one key, each with a ticket, none with a session.
class Queue {
 public:
  explicit Queue(std::uint16_t port) : connection_(port, Session::None) {
    token_ = token_of(connection_.call({"LOCK.ACQUIRE", kKey, "LEASE", kDayMs}));
  }

  void grow_to(long count) {
    in_stream(
        connection_, waiting_, count,
        [&](long) {
          connection_.append({"LOCK.ACQUIRE", kKey, "WAIT", kDayMs, "LEASE", kDayMs, "ASYNC",
                              std::to_string(next_ticket_++)});
        },
        [](long, const resp::Value&) {});
    waiting_ = count;
  }

  /// From the call of the release to the arrival of the next one's grant.
  std::chrono::nanoseconds hand_off() {
    const auto begin = Clock::now();
    connection_.say({"LOCK.RELEASE", kKey, token_});
    // The reply and the push come in either order; the push tells the new token.
    const resp::Value first = connection_.read_anything();
    const resp::Value second = connection_.read_anything();
    const auto took = Clock::now() - begin;
    const resp::Value& push = first.is_push() ? first : second;
    if (!push.is_push() || push.items.size() < 3) throw std::runtime_error("nobody was next");
    token_ = token_of(push.items[2]);
    --waiting_;
    return took;
  }

 private:
  static constexpr std::string_view kKey = "bench/queue";
  BareConnection connection_;
  std::string token_;
  long waiting_ = 0;
  long next_ticket_ = 0;
};

GrowthSheet measure_waiters(const ServerProcess& server, const std::vector<int>& counts) {
  GrowthSheet sheet{"waiters on one key", {}};
  Queue queue(server.port());
  const double before = memory_bytes(server);
  for (const int count : counts) {
    say(fmt::format("{} waiters", count));
    const auto begin = Clock::now();
    queue.grow_to(count);
    Line line{fmt::format("{} waiters", count),
              {{"queued/s", count / seconds_since(begin)},
               {"bytes per waiter", (memory_bytes(server) - before) / count}}};
    std::vector<std::chrono::nanoseconds> hand_offs;
    for (int i = std::min(count / 2, kHandOffsMax); i > 0; --i) {
      hand_offs.push_back(queue.hand_off());
    }
    line.figures.push_back({"hand-off p50 us", quantile(hand_offs, 0.5)});
    line.figures.push_back({"hand-off p99 us", quantile(hand_offs, 0.99)});
    add_probe(line, server);
    sheet.lines.push_back(std::move(line));
  }
  return sheet;
}

/// Locks and unlocks until the journal has so many entries.
void fill_journal(BareConnection& connection, long entries) {
  std::vector<std::string> tokens(static_cast<std::size_t>(kDepth));
  const auto key = [](long n) { return fmt::format("bench/passing/{}", n); };
  while (told(connection, "last_index") < entries) {
    in_stream(
        connection, 0, kDepth, [&](long n) { connection.append({"LOCK.ACQUIRE", key(n)}); },
        [&](long n, const resp::Value& grant) {
          tokens[static_cast<std::size_t>(n)] = token_of(grant);
        });
    in_stream(
        connection, 0, kDepth,
        [&](long n) {
          connection.append({"LOCK.RELEASE", key(n), tokens[static_cast<std::size_t>(n)]});
        },
        [](long, const resp::Value&) {});
  }
}

/// The locks outlive their holder's connection, so that they are there after the start.
void open_lasting_session(BareConnection& connection) {
  connection.call({"SESSION.OPEN", "TTL", kDayMs, "ONCLOSE", "KEEP"});
}

/// From the start of the process until it serves; `entries` are those that it has to replay.
Line measure_start(const fs::path& turnstile, const fs::path& folder, std::string_view how,
                   const GrowthSize& size, long entries) {
  say(fmt::format("start, {}", how));
  const double bytes = folder_bytes(folder / "data");
  const auto begin = Clock::now();
  ServerProcess server(turnstile, JournalKind::File, folder, kNoCompaction);
  const double took = seconds_since(begin);
  BareConnection connection(server.port(), Session::None);
  Line line{fmt::format("{} held, {}", size.held.back(), how),
            {{"entries replayed", static_cast<double>(entries)},
             {"start, s", took},
             {"entries/s", static_cast<double>(entries) / took},
             {"journal MiB", bytes / kMib},
             {"held afterwards", static_cast<double>(told(connection, "grants"))},
             {"memory MiB", memory_bytes(server) / kMib}}};
  server.stop();
  return line;
}

/// Lets the server compact its journal once.
void make_snapshot(const fs::path& turnstile, const fs::path& folder) {
  say("a compaction");
  ServerProcess server(turnstile, JournalKind::File, folder, "compaction_bytes_min = 1048576\n");
  BareConnection connection(server.port(), Session::None);
  const auto give_up = Clock::now() + kCompactionWithin;
  while (told(connection, "compactions") == 0) {
    if (Clock::now() > give_up) throw std::runtime_error("the journal was not compacted");
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  server.stop();
}

/// Held locks and sessions, and then the same server started again after many more entries.
std::vector<GrowthSheet> measure_state_and_start(const fs::path& turnstile, const fs::path& folder,
                                                 const GrowthSize& size) {
  std::vector<GrowthSheet> sheets;
  long entries = 0;
  {
    ServerProcess server(turnstile, JournalKind::File, folder, kNoCompaction);
    BareConnection holder(server.port(), Session::None);
    open_lasting_session(holder);
    sheets.push_back(measure_held(server, holder, size.held));
    sheets.push_back(measure_sessions(server, size.sessions));
    say(fmt::format("a journal of {} entries", size.entries));
    fill_journal(holder, size.entries);
    entries = told(holder, "last_index");
    server.stop();
  }
  GrowthSheet starts{"start", {}};
  starts.lines.push_back(measure_start(turnstile, folder, "all replayed", size, entries));
  make_snapshot(turnstile, folder);
  starts.lines.push_back(measure_start(turnstile, folder, "from a snapshot", size, 0));
  sheets.push_back(std::move(starts));
  return sheets;
}

GrowthSheet measure_compaction(const fs::path& turnstile, const fs::path& folder,
                               const GrowthSize& size) {
  ServerProcess server(turnstile, JournalKind::File, folder);
  BareConnection holder(server.port());
  hold(holder, 0, std::min(kHeldUnderLoad, size.held.back()));
  const auto lockers = make_lockers(Way::Bare, server.port(), kLoadWorkers);
  GrowthSheet sheet{"load with compaction", {}};
  for (int slice = 1; slice <= size.slices; ++slice) {
    say(fmt::format("load with compaction, part {} of {}", slice, size.slices));
    const Outcome outcome = run(
        {.way = "bare", .workers = kLoadWorkers}, lockers, [&] { return server.processor_time(); },
        std::chrono::seconds(size.slice_seconds));
    Line line{fmt::format("until {} s", slice * size.slice_seconds), outcome.figures};
    line.figures.push_back({"compactions", static_cast<double>(told(holder, "compactions"))});
    line.figures.push_back({"entries", static_cast<double>(told(holder, "last_index"))});
    line.figures.push_back({"journal MiB", folder_bytes(folder / "data") / kMib});
    line.figures.push_back({"memory MiB", memory_bytes(server) / kMib});
    sheet.lines.push_back(std::move(line));
  }
  server.stop();
  return sheet;
}

}  // namespace

GrowthSize GrowthSize::small() {
  return {.held = {100, 1'000, 10'000},
          .waiters = {10, 100, 1'000},
          .sessions = 1'000,
          .entries = 100'000,
          .slices = 2,
          .slice_seconds = 2};
}

std::vector<GrowthSheet> measure_growth(const fs::path& turnstile, const fs::path& folder,
                                        const GrowthSize& size) {
  std::vector<GrowthSheet> sheets = measure_state_and_start(turnstile, folder / "state", size);
  fs::remove_all(folder / "state");
  {
    ServerProcess server(turnstile, JournalKind::File, folder / "waiters");
    sheets.push_back(measure_waiters(server, size.waiters));
    server.stop();
  }
  sheets.push_back(measure_compaction(turnstile, folder / "load", size));
  return sheets;
}

}  // namespace bench
