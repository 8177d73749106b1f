// From the first byte of the journal to the last answer.
#include "server/server.h"

#include <fmt/format.h>
#include <openssl/rand.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <chrono>
#include <csignal>
#include <fstream>

#include "base/fault_point.h"
#include "journal/memory_journal.h"
#include "server/describe.h"
#include "server/replayer.h"
#include "server/version.h"

namespace server {

namespace asio = boost::asio;
using base::Fault;
using base::Result;
using boost::system::error_code;

namespace {

/// Work that is under way when the server stops is given this long.
constexpr base::Duration kStopWithin = base::Duration::from_seconds(5);
/// In a cluster another node waits to serve: what is under way then is answered UNAVAILABLE.
constexpr base::Duration kHandOverWithin = base::Duration::from_ms(50);

/// A turn of the loop ends when nothing is ready any more, or when it has lasted this long and as
/// long as the last append, so that it never reads for less time than it syncs.
constexpr base::Duration kTurn = base::Duration::from_ms(1);
/// The clock is looked at after so many handlers.
constexpr int kHandlersAtOnce = 16;

/// Below this much free disk nothing new is taken on: room for releases and renewals, for segments
/// that are being made, and for the next snapshot.
constexpr std::uint64_t kFreeSegmentsMin = 8;

std::chrono::steady_clock::time_point steady(base::Time monotonic) {
  return std::chrono::steady_clock::time_point(std::chrono::microseconds(monotonic.us()));
}

void raise_file_limit(std::int64_t connections) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlim_t wanted = static_cast<rlim_t>(connections) + 64;
  if (limit.rlim_cur >= wanted) return;
  limit.rlim_cur = std::min(wanted, limit.rlim_max);
  ::setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < wanted) {
    spdlog::warn(
        "only {} files may be open at once, so the limit of {} connections cannot be "
        "reached; raise it with ulimit -n",
        limit.rlim_cur, connections);
  }
}

void randomize(std::span<unsigned char> bytes) {
  const int ok = RAND_bytes(bytes.data(), static_cast<int>(bytes.size()));
  CHECK_EQ(ok, 1);
}

}  // namespace

Server::Server(Config config, OpenSharedLog open_shared_log)
    : config_(std::move(config)),
      open_shared_log_(std::move(open_shared_log)),
      started_(clock_.monotonic()) {}

Result<void> Server::start() {
  raise_file_limit(config_.rules.limits.connections);
  if (auto opened = open_journal(); !opened) return opened;
  FAULT_POINT("server.before_first_entry");
  if (!topology_) submit_first_entries();
  FAULT_POINT("server.before_listening");
  if (auto listening = listen(); !listening) return listening;
  signals_.add(SIGTERM);
  signals_.add(SIGINT);
  signals_.async_wait([this](const error_code& error, int signal) {
    if (!error) on_signal(signal);
  });
  every_quarter_second();
  schedule_turn();
  auto written = write_port_file();
  FAULT_POINT("server.ready");
  return written;
}

void Server::submit_first_entries() {
  serving_->pipeline->submit(command::Configure{config_.rules});
  serving_->pipeline->submit(
      command::Start{fmt::format("turnstile {} pid {}", kVersion, ::getpid())});
}

Result<void> Server::open_journal() {
  if (config_.journal == JournalKind::Etcd) return open_cluster();
  serving_ = std::make_unique<Serving>();
  if (config_.journal == JournalKind::File) return open_files();
  spdlog::warn("the journal is in memory: locks are lost when this process ends");
  serving_->journal = std::make_unique<journal::MemoryJournal>(clock_.wall());
  serving_->appender = std::make_unique<DirectAppender>(*serving_->journal);
  make_pipeline(*serving_, {});
  serving_->pipeline->leave_out_payloads();
  return {};
}

Result<void> Server::open_files() {
  auto disk = journal::open_disk(config_.data_dir, journal::IfMissing::Create);
  if (!disk) return std::unexpected(disk.error());
  journal::FileJournalOptions options;
  options.segment_bytes = config_.segment_bytes;
  Replayer replayer(*serving_->machine, [](std::uint64_t entries) {
    if (entries % 1'000'000 == 0) spdlog::info("recovery: {} entries so far", entries);
  });
  auto opened = journal::FileJournal::open(std::move(*disk), options, replayer);
  if (!opened) return std::unexpected(opened.error());
  spdlog::info("{}: {}", config_.data_dir, opened->report.to_string());
  const base::Time last = opened->report.replayed.mark;
  auto journal = std::move(opened->journal);
  file_journal_ = journal.get();
  serving_->journal = std::move(journal);
  serving_->appender = std::make_unique<DirectAppender>(*serving_->journal);
  CompactorOptions compaction;
  compaction.closed_bytes_min = config_.compaction_bytes_min;
  if (config_.keep_all_segments) compaction.keep = journal::KeepSegments::All;
  compactor_.emplace(file_journal_->archive(), compaction);
  make_pipeline(*serving_, last);
  auto refusals = RefusalLog::open(config_.data_dir);
  if (!refusals) return std::unexpected(refusals.error());
  refusal_log_.emplace(std::move(*refusals));
  serving_->pipeline->set_refusal_sink(
      [this](const command::Entry& entry, const command::Refused& refused) {
        refusal_log_->add(entry, refused);
      });
  return {};
}

void Server::make_pipeline(Serving& serving, base::Time last_cluster_time) {
  const std::uint64_t first_index = serving.journal ? serving.journal->next_index() : 1;
  serving.pipeline.emplace(*serving.machine, clock_, last_cluster_time, first_index,
                           *serving.appender,
                           [this](const base::Error& error) { on_journal_failure(error); });
  serving.hub.emplace(*serving.pipeline);
  serving.pipeline->set_event_sink(*serving.hub);
  serving.service.emplace(
      Service{*serving.pipeline, *serving.hub, config_.rules.limits, randomize,
              [this](std::span<const std::string> sections) { return describe(sections); }});
  serving.service->topology = topology_ ? &*topology_ : nullptr;
}

Result<void> Server::listen() {
  network_.emplace(loop_, *serving_->service, [this] { schedule_turn(); });
  for (const Address& address : config_.listen) {
    if (auto listening = network_->listen(address); !listening) return listening;
  }
  if (config_.unix_path.empty()) return {};
  return network_->listen_unix(config_.unix_path);
}

/// Whoever waits for the file must never see half of it.
Result<void> Server::write_port_file() const {
  if (config_.port_file.empty()) return {};
  const std::string temporary = config_.port_file + ".tmp";
  std::ofstream file(temporary);
  for (std::uint16_t port : network_->ports()) file << port << '\n';
  file.close();
  if (!file || ::rename(temporary.c_str(), config_.port_file.c_str()) != 0) {
    return base::failure_errno(Fault::InUse, "cannot write " + config_.port_file, errno);
  }
  return {};
}

Result<void> Server::run() {
  while (!loop_.stopped()) {
    if (!turn_due_) loop_.run_one();
    run_what_is_ready();
    if (turn_due_ && !loop_.stopped()) end_turn();
  }
  if (failed_) return std::unexpected(*failed_);
  spdlog::info("stopped; everything answered is durable");
  return {};
}

/// A turn that was posted would not do: between a handler and one that it posts Asio looks at the
/// sockets once more, and what has arrived by then would wait for a whole append.
void Server::run_what_is_ready() {
  const base::Time began = clock_.monotonic();
  const base::Duration most = std::max(kTurn, serving_->pipeline->counters().last_append);
  for (int n = 1; loop_.poll_one() > 0; ++n) {
    if (n % kHandlersAtOnce == 0 && clock_.monotonic() - began >= most) return;
  }
}

void Server::end_turn() {
  serving_->hub->settle();
  serving_->pipeline->flush();
  // All that was marked by now is sent below; only what that closes, or who may go on since, needs
  // another turn.
  turn_due_ = !serving_->hub->is_settled();
  network_->flush();
  arm_tick();
  if (stop_by_ != base::Time::never()) stop_when_idle();
}

/// What an append lets out is sent at once, not after another look at the sockets.
void Server::finish_append(const Appender::Done& done, const Result<void>& result) {
  done(result);
  end_turn();
}

/// Timers are only ever moved forward in time; one that rings early finds nothing due.
void Server::arm_tick() {
  const base::Time due = serving_->pipeline->next_tick();
  if (due >= armed_for_) return;
  armed_for_ = due;
  tick_timer_.expires_at(steady(due));
  tick_timer_.async_wait([this](const error_code& error) {
    if (error) return;
    armed_for_ = base::Time::never();
    serving_->pipeline->tick();
    schedule_turn();
  });
}

void Server::every_quarter_second() {
  housekeeping_.expires_after(std::chrono::milliseconds(250));
  housekeeping_.async_wait([this](const error_code& error) {
    if (error) return;
    serving_->hub->renew_blocked_sessions();
    serving_->pipeline->mark_time();
    if (topology_) look_after_cluster();
    const base::Time now = clock_.monotonic();
    const bool heard = now - std::exchange(looked_after_, now) < ClusterClock::kMostUnheard;
    if (++quarters_ % 4 == 0) {
      // The rest of a request that was begun may lie unread.
      if (heard) network_->check_idle(now);
      watch_room();
      if (refusal_log_) refusal_log_->flush();
      watch_appends();
    }
    schedule_turn();
    every_quarter_second();
  });
}

/// Whoever runs the service wants to know of a disk, or of a store, that takes long.
void Server::watch_appends() {
  const Pipeline::Counters& counters = serving_->pipeline->counters();
  const std::uint64_t before = std::exchange(slow_appends_, counters.slow_appends);
  if (counters.slow_appends <= before) return;
  spdlog::warn("the journal took {} ms or more for {} appends, for the slowest so far {} ms",
               Pipeline::kSlowAppend.ms(), counters.slow_appends - before,
               counters.slowest_append.ms());
}

void Server::watch_room() {
  if (file_journal_ != nullptr) watch_disk();
  if (member_ && is_leading()) set_overloaded(member_->is_store_nearly_full());
}

/// New work is refused while the disk has no room to spare, or while recovery would have to replay
/// more than the operator allows because compaction cannot keep up.
void Server::watch_disk() {
  const auto free = file_journal_->free_bytes();
  const std::uint64_t needed = kFreeSegmentsMin * config_.segment_bytes;
  const std::uint64_t behind = file_journal_->archive().sizes().closed_bytes;
  const bool overloaded = (free && *free < needed) || behind > config_.replay_bytes_max;
  if (overloaded && !serving_->service->overloaded) {
    spdlog::error("{} has {} bytes free of {} needed, and {} bytes to replay of {} allowed",
                  config_.data_dir, free.value_or(0), needed, behind, config_.replay_bytes_max);
  }
  set_overloaded(overloaded);
}

void Server::set_overloaded(bool overloaded) {
  const bool before = std::exchange(serving_->service->overloaded, overloaded);
  if (overloaded && !before) {
    spdlog::error("nothing new is taken on: the journal has no room to spare");
  }
  if (!overloaded && before) spdlog::info("new work is taken on again");
}

void Server::on_signal(int signal) {
  spdlog::info("{}: stopping", signal == SIGTERM ? "SIGTERM" : "SIGINT");
  network_->stop_accepting();
  serving_->service->stopping = true;
  stop_by_ = clock_.monotonic() + (topology_ ? kHandOverWithin : kStopWithin);
  schedule_turn();
}

void Server::stop_when_idle() {
  const bool idle = serving_->pipeline->is_idle() && !network_->has_output();
  if (!idle && clock_.monotonic() < stop_by_) return;
  if (topology_) hand_over();
  loop_.stop();
}

void Server::on_journal_failure(const base::Error& error) {
  const bool others_go_on = error.fault == Fault::InUse || error.fault == Fault::Unavailable;
  if (topology_ && others_go_on) {
    // Not here: the pipeline that is to be given up is the caller.
    asio::post(loop_, [this, error] { step_down(error); });
    return;
  }
  failed_ = error;
  loop_.stop();
}

std::string Server::describe(std::span<const std::string> sections) const {
  Facts facts;
  facts.now = clock_.monotonic();
  facts.uptime = clock_.monotonic() - started_;
  facts.ports = network_->ports();
  facts.unix_path = config_.unix_path;
  facts.data_dir = file_journal_ != nullptr ? config_.data_dir : "";
  facts.network = network_->counters();
  facts.connections = serving_->hub->connection_count();
  facts.stopping = serving_->service->stopping;
  facts.overloaded = serving_->service->overloaded;
  facts.topology = topology_ ? &*topology_ : nullptr;
  if (file_journal_ != nullptr) facts.archive = file_journal_->archive().sizes();
  if (compactor_) facts.compactions = compactor_->runs();
  if (compactor_) facts.compacting = compactor_->is_running();
  return server::describe(facts, *serving_->pipeline, sections);
}

}  // namespace server
