// turnstile-bench-micro: what a request costs in each room of the server, without
// sockets, threads and disks. With --iterations N each benchmark does exactly N
// rounds, so that instructions can be counted (instructions.py).
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>

#include "actors.h"
#include "checker/check.h"
#include "checker/made_history.h"
#include "command/entry.h"
#include "journal/file/batch_decoder.h"
#include "journal/file/batch_encoder.h"
#include "resp/parser.h"
#include "server/reply_writer.h"

namespace bench {
namespace {

using benchmark::DoNotOptimize;
using benchmark::State;

constexpr std::int64_t kRecords = 64;  // of a batch

std::vector<std::string> acquire_words() {
  return {"LOCK.ACQUIRE", "acct/4711/balance", "WAIT", "5000", "LEASE", "30000", "REQUEST", "17"};
}

command::Entry acquire_entry() {
  command::Entry entry;
  entry.index = 1;
  entry.origin = {"payments", 12, 7};
  entry.request = 17;
  entry.command = command_of({"LOCK.ACQUIRE", "acct/4711/balance", "WAIT", "5000"});
  return entry;
}

// --- the wire

void read_request(State& state) {
  std::string bytes;
  const auto words = acquire_words();
  bytes += fmt::format("*{}\r\n", words.size());
  for (const auto& word : words) bytes += fmt::format("${}\r\n{}\r\n", word.size(), word);
  resp::Parser parser;
  for (auto _ : state) {
    parser.feed(bytes);
    auto request = parser.next();
    DoNotOptimize(request);
    CHECK(!parser.next());
  }
}

void understand_request(State& state) {
  const auto words = acquire_words();
  const std::vector<std::string_view> argv(words.begin(), words.end());
  const command::Limits limits;
  for (auto _ : state) {
    auto request = command::parse(argv, limits);
    DoNotOptimize(request);
  }
}

void write_grant(State& state) {
  std::string out;
  resp::Writer writer(out, 3);
  const command::Reply reply =
      command::Granted{4711, base::Duration::from_seconds(30), base::Duration()};
  for (auto _ : state) {
    out.clear();
    server::write_reply(writer, reply);
    DoNotOptimize(out.data());
  }
}

// --- the journal

void encode_entry(State& state) {
  const command::Entry entry = acquire_entry();
  std::string out;
  for (auto _ : state) {
    out.clear();
    command::encode(entry, out);
    DoNotOptimize(out.data());
  }
}

void decode_entry(State& state) {
  std::string payload;
  command::encode(acquire_entry(), payload);
  command::Entry entry;
  for (auto _ : state) {
    CHECK(command::decode(payload, entry).has_value());
    DoNotOptimize(entry);
  }
}

journal::Batch batch_of_entries() {
  std::string payload;
  command::encode(acquire_entry(), payload);
  journal::Batch batch;
  for (std::uint64_t index = 1; index <= kRecords; ++index) {
    batch.add(index, base::Time::from_us(1), base::Time::from_us(1), payload);
  }
  return batch;
}

void write_batch(State& state) {
  const journal::Batch batch = batch_of_entries();
  journal::BatchEncoder encoder(journal::DataId{});
  for (auto _ : state) DoNotOptimize(encoder.encode(batch, journal::ChainEnd{}, 1));
  state.SetItemsProcessed(state.iterations() * kRecords);
}

void read_batch(State& state) {
  journal::BatchEncoder encoder(journal::DataId{});
  const std::string bytes(encoder.encode(batch_of_entries(), journal::ChainEnd{}, 1));
  const auto header = journal::value_at<journal::BatchHeader>(bytes);
  std::vector<journal::Record> records;
  for (auto _ : state) {
    records.clear();
    journal::BatchDecoder decoder(bytes, header, journal::seed_of(journal::DataId{}));
    CHECK(decoder.decode(records) == journal::BatchDecoder::Outcome::Whole);
  }
  state.SetItemsProcessed(state.iterations() * kRecords);
}

// --- the machine

/// One worker and its own key: two entries.
void lock_and_unlock(State& state) {
  Service service;
  const std::uint64_t session = service.open_session();
  const command::Command acquire = command_of({"LOCK.ACQUIRE", "acct/4711/balance"});
  auto release =
      std::get<command::LockRelease>(command_of({"LOCK.RELEASE", "acct/4711/balance", "1"}));
  for (auto _ : state) {
    release.token = std::get<command::Granted>(service.say(session, acquire).reply).token;
    DoNotOptimize(service.say(session, release));
  }
}

/// Sixteen wait for one key; who has it hands it on and waits again: two entries.
void hand_on(State& state) {
  Service service;
  std::vector<std::uint64_t> sessions;
  for (int i = 0; i < 16; ++i) sessions.push_back(service.open_session());
  const command::Command acquire =
      command_of({"LOCK.ACQUIRE", "acct/4711/balance", "WAIT", "3600000"});
  auto release =
      std::get<command::LockRelease>(command_of({"LOCK.RELEASE", "acct/4711/balance", "1"}));
  release.token = std::get<command::Granted>(service.say(sessions[0], acquire).reply).token;
  for (std::size_t i = 1; i < sessions.size(); ++i) service.say(sessions[i], acquire);
  std::size_t holder = 0;
  for (auto _ : state) {
    const auto outcome = service.say(sessions[holder], release);
    const auto& ended = std::get<command::WaitEnded>(outcome.events.front());
    release.token = std::get<command::Granted>(ended.reply).token;
    DoNotOptimize(service.say(sessions[holder], acquire));
    holder = (holder + 1) % sessions.size();
  }
}

/// Each task of a chain is joined while the one before it runs, which then completes.
void hand_on_a_result(State& state) {
  Service service;
  const std::uint64_t sessions[] = {service.open_session(), service.open_session()};
  constexpr std::uint64_t kTasks = 800;
  const std::string result(256, 'r');
  std::uint64_t flow = 0;
  std::uint64_t task = kTasks;
  std::uint64_t token = 0;
  const auto words = [&](std::uint64_t of, std::uint64_t number) {
    std::vector<std::string> join = {"TASK.JOIN", fmt::format("flow{}", of),
                                     fmt::format("t{}", number)};
    if (number > 0) join.insert(join.end(), {"AFTER", "1", fmt::format("t{}", number - 1)});
    join.insert(join.end(), {"WAIT", "3600000"});
    return join;
  };
  for (auto _ : state) {
    if (task == kTasks) {  // a flow has a limit
      if (flow > 0) service.say(sessions[0], {"FLOW.CLOSE", fmt::format("flow{}", flow)});
      task = 0;
      const auto outcome = service.say(sessions[0], words(++flow, 0));
      token = std::get<command::Attempt>(outcome.reply).token;
    }
    service.say(sessions[(task + 1) % 2], words(flow, task + 1));
    const auto outcome =
        service.say(sessions[task % 2], {"TASK.COMPLETE", fmt::format("flow{}", flow),
                                         fmt::format("t{}", task), std::to_string(token), result});
    const auto& ended = std::get<command::WaitEnded>(outcome.events.front());
    token = std::get<command::Attempt>(ended.reply).token;
    ++task;
  }
}

/// A state with so many held locks, read and judged as at a start.
void restore_snapshot(State& state) {
  Service service;
  const std::uint64_t session = service.open_session();
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    service.say(session, {"LOCK.ACQUIRE", fmt::format("bench/held/{}", i)});
  }
  std::string bytes;
  service.machine().save(bytes);
  for (auto _ : state) {
    auto machine = std::make_unique<state::Machine>();
    CHECK(machine->restore(bytes).has_value());
    state.PauseTiming();  // its end is not the start's
    machine.reset();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

// --- the checker

checker::MadeHistory history_of(const State& state, bool has_tasks = false) {
  checker::Making making;
  making.has_tasks = has_tasks;
  making.operations = static_cast<std::uint64_t>(state.range(0));
  making.clients = 64;
  making.keys = 256;
  return checker::make_history(making);
}

/// With the journal as the witness, and the naive model's opinion of every entry.
template <bool kHasTasks>
void check_history(State& state) {
  const checker::MadeHistory made = history_of(state, kHasTasks);
  for (auto _ : state) {
    checker::Check check(made.history, checker::ModelJudge::Threads::Two);
    for (const command::Entry& entry : made.entries) check.witness().replay(entry);
    CHECK(check.finish().is_good());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

/// By the answers alone.
void check_answers(State& state) {
  const checker::MadeHistory made = history_of(state);
  for (auto _ : state) {
    checker::Check check(made.history);
    CHECK(check.finish().is_good());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void register_all(std::int64_t iterations) {
  const auto add = [&](const char* name, void (*what)(State&)) {
    auto* added = benchmark::RegisterBenchmark(name, what);
    if (iterations > 0) added->Iterations(iterations);
    return added;
  };
  add("read_request", read_request);
  add("understand_request", understand_request);
  add("write_grant", write_grant);
  add("encode_entry", encode_entry);
  add("decode_entry", decode_entry);
  add("write_batch", write_batch);
  add("read_batch", read_batch);
  add("lock_and_unlock", lock_and_unlock);
  add("hand_on", hand_on);
  add("hand_on_a_result", hand_on_a_result);
  // These are for the time they take.
  if (iterations > 0) return;
  add("restore_snapshot", restore_snapshot)
      ->Arg(1'000'000)
      ->Iterations(1)
      ->Unit(benchmark::kSecond);
  add("check_answers", check_answers)->Arg(1'000'000)->Iterations(1)->Unit(benchmark::kSecond);
  add("check_history_of_tasks", check_history<true>)
      ->Arg(100'000)
      ->Iterations(1)
      ->Unit(benchmark::kSecond);
  add("check_history", check_history<false>)
      ->Arg(1'000'000)
      ->Iterations(1)
      ->Unit(benchmark::kSecond);
}

/// Takes --iterations N out of the arguments; 0 if it is not among them.
std::int64_t take_iterations(int& argc, char** argv) {
  for (int i = 1; i + 1 < argc; ++i) {
    if (std::strcmp(argv[i], "--iterations") != 0) continue;
    const std::int64_t iterations = std::strtoll(argv[i + 1], nullptr, 10);
    for (int k = i; k + 2 < argc; ++k) argv[k] = argv[k + 2];
    argc -= 2;
    return iterations;
  }
  return 0;
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  bench::register_all(bench::take_iterations(argc, argv));
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 64;
  benchmark::RunSpecifiedBenchmarks();
}
