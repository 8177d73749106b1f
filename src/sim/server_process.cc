// The loop around the server's parts, and the ways it ends.
#include "sim/server_process.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/check.h"
#include "journal/file_journal.h"
#include "server/clock.h"
#include "server/compaction.h"
#include "server/conversation.h"
#include "server/hub.h"
#include "server/pipeline.h"

namespace sim {

using base::Duration;
using base::Result;
using base::Time;
using journal::DiskFault;

namespace {

class ProcessClock final : public server::Clock {
 public:
  explicit ProcessClock(const Process& process) : process_(process) {}
  Time monotonic() const override { return process_.now(); }
  Time wall() const override { return process_.wall(); }

 private:
  const Process& process_;
};

/// The end of a process, after which the system has all that it wrote.
const DiskFault kProcessOnly{
    .kind = DiskFault::Kind::PowerLoss, .keeps = {}, .is_process_only = true};

}  // namespace

/// Appends when the disk has had its time: on the loop, as server::DirectAppender does, or beside
/// it.
class ServerProcess::DiskAppender final : public server::Appender {
 public:
  explicit DiskAppender(ServerProcess& server) : server_(server) {}

  void start(const journal::Batch& batch, Done done) override;
  /// What a kill leaves of an append that is under way.
  void leave_half_done();

 private:
  Result<void> append();
  void end_beside();

  ServerProcess& server_;
  const journal::Batch* batch_ = nullptr;
  Done done_;  ///< of an append beside the loop
};

/// Between a connection and its conversation, as server::Socket is.
class ServerProcess::Socket : public std::enable_shared_from_this<Socket> {
 public:
  Socket(ServerProcess& server, std::shared_ptr<Connection> connection,
         std::shared_ptr<server::Conversation> conversation)
      : server_(server),
        connection_(std::move(connection)),
        conversation_(std::move(conversation)) {}

  void start();
  void flush();
  Connection& connection() { return *connection_; }
  const server::Conversation& conversation() const { return *conversation_; }
  void forget_conversation() { conversation_->set_wake({}); }

 private:
  void mark_dirty();
  void take_in();
  void on_hang_up(bool is_reset);
  void close();

  ServerProcess& server_;
  const std::shared_ptr<Connection> connection_;
  const std::shared_ptr<server::Conversation> conversation_;
  std::string arrived_;  ///< what the system holds while the conversation wants no input
  bool is_dirty_ = false;
};

/// All that ends with the process.
struct ServerProcess::Life {
  explicit Life(ServerProcess& server) : clock(server.process_), appender(server) {}
  ~Life() {
    for (const auto& socket : sockets) socket->forget_conversation();
  }

  ProcessClock clock;
  state::Machine machine;
  std::unique_ptr<journal::FileJournal> journal;
  DiskAppender appender;
  std::optional<server::Pipeline> pipeline;
  std::optional<server::Hub> hub;
  std::optional<server::Service> service;
  std::vector<std::shared_ptr<Socket>> sockets;
  std::vector<std::shared_ptr<Socket>> dirty;
  bool turn_scheduled = false;
  Time armed_for = Time::never();
  Time stop_by = Time::never();
};

// --- the disk

void ServerProcess::DiskAppender::start(const journal::Batch& batch, Done done) {
  CHECK(batch_ == nullptr);
  batch_ = &batch;
  const bool is_slow = server_.timeline_.now() < server_.slow_until_;
  const Duration least = is_slow ? server_.slow_sync_ : server_.plan_.sync;
  const Duration sync = least + least * server_.chance_.between(0, 50) / 100;
  if (!server_.plan_.loop_syncs) {
    done_ = std::move(done);
    server_.process_.after(sync, [this] { end_beside(); });
    return;
  }
  if (!server_.process_.work(sync)) return;
  const Result<void> result = append();
  if (server_.life_) done(result);
}

/// The process may end in it.
Result<void> ServerProcess::DiskAppender::append() {
  const journal::Batch& batch = *std::exchange(batch_, nullptr);
  server_.tear_if_due(batch);
  const Result<void> result = server_.life_->journal->append(batch);
  if (result) server_.witness_.on_durable(batch);
  if (server_.files_.is_off()) server_.end_life(true);
  return result;
}

void ServerProcess::DiskAppender::end_beside() {
  ServerProcess& server = server_;
  const Result<void> result = append();
  if (!server.life_) return;
  const Done done = std::move(done_);
  const bool turn_comes = std::exchange(server.life_->turn_scheduled, true);
  done(result);
  if (!turn_comes && server.life_) server.end_turn();
}

void ServerProcess::DiskAppender::leave_half_done() {
  if (batch_ == nullptr) return;
  const bool reaches_the_disk = server_.chance_.one_in(2);
  if (!reaches_the_disk) return;
  if (server_.life_->journal->append(*batch_) && !server_.files_.is_off()) {
    server_.witness_.on_durable(*batch_);
  }
}

// --- the sockets

void ServerProcess::Socket::start() {
  conversation_->set_wake([self = shared_from_this()] { self->mark_dirty(); });
  Connection::Ear ear;
  ear.process = &server_.process_;
  ear.on_bytes = [self = shared_from_this()](std::string_view bytes) {
    self->arrived_ += bytes;
    self->take_in();
  };
  ear.on_hang_up = [self = shared_from_this()](bool is_reset) { self->on_hang_up(is_reset); };
  ear.on_room = [self = shared_from_this()] { self->mark_dirty(); };
  connection_->set_ear(End::Server, std::move(ear));
}

void ServerProcess::Socket::take_in() {
  if (!connection_->is_open(End::Server)) return;
  while (!arrived_.empty() && conversation_->wants_input()) {
    const auto room = conversation_->prepare();
    const std::size_t size = std::min(room.size(), arrived_.size());
    std::copy_n(arrived_.begin(), size, room.begin());
    arrived_.erase(0, size);
    conversation_->commit(size);
  }
  server_.schedule_turn();
}

void ServerProcess::Socket::on_hang_up(bool is_reset) {
  if (is_reset || conversation_->is_blocked()) {
    close();
  } else {
    conversation_->close("the client hung up");
  }
  server_.schedule_turn();
}

void ServerProcess::Socket::mark_dirty() {
  if (is_dirty_ || !server_.life_) return;
  is_dirty_ = true;
  server_.life_->dirty.push_back(shared_from_this());
  server_.schedule_turn();
}

void ServerProcess::Socket::flush() {
  is_dirty_ = false;
  if (conversation_->is_hopeless()) return close();
  const bool was_open = connection_->is_open(End::Server);
  while (was_open && !conversation_->output().empty() && connection_->room(End::Server) > 0) {
    const auto output = conversation_->output().substr(0, connection_->room(End::Server));
    connection_->send(End::Server, output);
    conversation_->sent(output.size());
  }
  if (!was_open && !conversation_->output().empty()) return close();
  if (!conversation_->closing().empty() && conversation_->is_finished()) return close();
  take_in();
}

void ServerProcess::Socket::close() {
  const auto self = shared_from_this();
  auto& sockets = server_.life_->sockets;
  if (std::erase(sockets, self) == 0) return;
  if (connection_->is_open(End::Server)) connection_->close(End::Server);
  conversation_->set_wake({});
  server_.life_->hub->remove(conversation_->id());
  server_.schedule_turn();
}

// --- a life

ServerProcess::ServerProcess(Timeline& timeline, Network& network, const Plan& plan,
                             FaultCounts& counts, Judge& judge, Chance chance)
    : timeline_(timeline),
      network_(network),
      plan_(plan),
      counts_(counts),
      judge_(judge),
      chance_(std::move(chance)),
      process_(timeline) {}

ServerProcess::~ServerProcess() = default;

const state::Machine* ServerProcess::machine() const { return life_ ? &life_->machine : nullptr; }

void ServerProcess::start() {
  CHECK(!life_);
  auto life = std::make_shared<Life>(*this);
  if (auto recovered = recover(*life); !recovered) {
    const bool is_ours = files_.is_off() || fails_in_call_;
    if (!is_ours) return judge_.complain("the server does not start: " + recovered.error().message);
    return come_back();
  }
  life_ = std::move(life);
  life_->pipeline.emplace(life_->machine, life_->clock, witness_.mark(),
                          life_->journal->next_index(), life_->appender,
                          [this](const base::Error&) { end_life(true); });
  life_->hub.emplace(*life_->pipeline);
  life_->pipeline->set_event_sink(*life_->hub);
  life_->service.emplace(
      server::Service{*life_->pipeline, *life_->hub, plan_.rules.limits,
                      [this](std::span<unsigned char> bytes) {
                        for (auto& byte : bytes)
                          byte = static_cast<unsigned char>(chance_.below(256));
                      },
                      [](std::span<const std::string>) { return std::string("# Simulated\r\n"); }});
  life_->pipeline->submit(command::Configure{plan_.rules});
  life_->pipeline->submit(command::Start{"simulated"});
  network_.listen(process_, [this](const auto& connection) { accept(connection); });
  every_quarter_second();
  schedule_turn();
}

Result<void> ServerProcess::recover(Life& life) {
  journal::FileJournalOptions options;
  options.segment_bytes = plan_.segment_bytes;
  options.prepare_in_background = false;
  options.make_data_id = [this] {
    journal::DataId id{};
    for (auto& byte : id)
      byte = static_cast<std::remove_reference_t<decltype(byte)>>(chance_.below(256));
    return id;
  };
  WitnessedRecovery recovery(witness_, life.machine, true);
  auto opened =
      journal::FileJournal::open(std::make_unique<journal::MemoryDisk>(files_), options, recovery);
  if (!opened) return std::unexpected(opened.error());
  if (auto difference = recovery.difference(); !difference.empty()) judge_.complain(difference);
  life.journal = std::move(opened->journal);
  return {};
}

void ServerProcess::accept(const std::shared_ptr<Connection>& connection) {
  if (!life_) return connection->close(End::Server);
  const auto limit = static_cast<std::size_t>(plan_.rules.limits.connections);
  if (life_->hub->connection_count() >= limit) return connection->close(End::Server);
  auto conversation = std::make_shared<server::Conversation>(*life_->service, "simulated");
  life_->hub->add(conversation);
  life_->sockets.push_back(std::make_shared<Socket>(*this, connection, std::move(conversation)));
  life_->sockets.back()->start();
}

void ServerProcess::schedule_turn() {
  if (!life_ || std::exchange(life_->turn_scheduled, true)) return;
  process_.after(Duration::from_us(chance_.between(1, 20)), [this] { end_turn(); });
}

void ServerProcess::end_turn() {
  const auto life = life_;  // may be ended on the way
  life->turn_scheduled = false;
  life->hub->settle();
  life->pipeline->flush();
  while (life_ && !life->dirty.empty()) {
    for (const auto& socket : std::exchange(life->dirty, {})) socket->flush();
  }
  if (!life_) return;
  arm_tick();
  check_machine();
  const bool is_stopping = life->stop_by != Time::never();
  if (is_stopping && (life->pipeline->is_idle() || process_.now() >= life->stop_by)) {
    end_life(true);
  }
}

void ServerProcess::arm_tick() {
  const Time due = life_->pipeline->next_tick();
  if (due >= life_->armed_for) return;
  life_->armed_for = due;
  process_.at(due, [this] {
    life_->armed_for = Time::never();
    life_->pipeline->tick();
    schedule_turn();
  });
}

void ServerProcess::every_quarter_second() {
  process_.after(Duration::from_ms(250), [this] {
    const auto life = life_;
    life->hub->renew_blocked_sessions();
    life->pipeline->mark_time();
    if (!life_) return;  // it has died while it synced
    for (const auto& socket : std::vector(life->sockets)) {
      const_cast<server::Conversation&>(socket->conversation()).check_idle(process_.now());
      check_output(socket->conversation());
    }
    const auto free = life->journal->free_bytes();
    if (files_.is_off()) return end_life(true);
    life->service->overloaded = free && *free < 8 * plan_.segment_bytes;
    schedule_turn();
    every_quarter_second();
  });
}

/// The machine's own account of itself, now and then: it takes time proportional to the state.
void ServerProcess::check_machine() {
  if (!chance_.one_in(50)) return;
  if (auto broken = life_->machine.broken_invariant()) {
    judge_.complain("an invariant is broken: " + *broken);
  }
}

void ServerProcess::check_output(const server::Conversation& conversation) {
  const auto limit = static_cast<std::size_t>(plan_.rules.limits.output_bytes);
  if (conversation.is_hopeless() || conversation.held_bytes() <= limit) return;
  judge_.complain(fmt::format("{} bytes of answers are held for a client, and the limit is {}",
                              conversation.held_bytes(), limit));
}

bool ServerProcess::is_at_rest() const {
  return life_ && life_->pipeline->is_idle() &&
         std::all_of(life_->sockets.begin(), life_->sockets.end(),
                     [](const auto& socket) { return socket->conversation().output().empty(); });
}

// --- the ways it ends

/// `is_heard`: the system goes on, and closes what the process had open.
void ServerProcess::end_life(bool is_heard) {
  if (!life_) return;
  for (const auto& socket : life_->sockets) {
    Connection& connection = socket->connection();
    if (!connection.is_open(End::Server)) continue;
    if (is_heard) {
      connection.close(End::Server);
    } else {
      connection.vanish(End::Server);
    }
  }
  network_.stop_listening();
  process_.kill();
  // Not while a function of its parts is running.
  timeline_.after(Duration(), [life = std::move(life_)] {});
  life_.reset();
  timeline_.after(Duration(), [this] { come_back(); });
}

void ServerProcess::come_back() {
  const Duration pause =
      chance_.between(Duration::from_ms(1), Duration::from_ms(is_calm_ ? 100 : 3'000));
  timeline_.after(pause, [this] {
    if (files_.is_off() && counted_as_) counts_.add(*counted_as_);
    // Only a loss of power takes away what was not synced.
    if (!dies_in_call_) files_.set_fault(kProcessOnly);
    files_.restart();
    const bool was_killed = std::exchange(dies_in_call_, false) && counted_as_ == Fault::KillInCall;
    fails_in_call_ = false;
    if (was_killed) lose_power_soon();
    if (!is_calm_ && plan_.has(Fault::BitFlip) && chance_.one_in(3)) try_recovery_with_rot();
    if (!is_calm_ && plan_.has(Fault::KillInRecovery) && chance_.one_in(4)) {
      die_in_call(Death::Kill, Fault::KillInRecovery);
    }
    start();
  });
}

/// What the killed process wrote may not be on the disk yet, and the next one builds on it.
void ServerProcess::lose_power_soon() {
  if (is_calm_ || !plan_.has(Fault::PowerLoss) || !chance_.one_in(3)) return;
  timeline_.after(chance_.between(Duration::from_ms(1), Duration::from_ms(500)), [this] {
    if (!is_calm_ && die(Death::PowerLoss)) counts_.add(Fault::PowerLoss);
  });
}

bool ServerProcess::die(Death how) {
  if (!life_) return false;
  die_in_call(how, std::nullopt);
  life_->appender.leave_half_done();
  end_life(how == Death::Kill);
  return true;
}

void ServerProcess::die_in_call(Death how, std::optional<Fault> counted_as) {
  set_deadly_fault(how, counted_as, chance_.between(1, chance_.one_in(3) ? 40 : 4), false);
}

/// One sector is written whole or not at all, so the batch must have more.
void ServerProcess::tear_if_due(const journal::Batch& batch) {
  constexpr std::size_t kSectorBytes = 512;
  if (!tears_next_write_ || is_calm_ || batch.payload_bytes() <= kSectorBytes) return;
  tears_next_write_ = false;
  const Death how = chance_.one_in(2) ? Death::Kill : Death::PowerLoss;
  set_deadly_fault(how, how == Death::Kill ? Fault::KillInCall : Fault::PowerLoss, 1, false);
}

void ServerProcess::lose_power_and_names() {
  set_deadly_fault(Death::PowerLoss, Fault::PowerLoss, chance_.between(1, 4), true);
}

void ServerProcess::set_deadly_fault(Death how, std::optional<Fault> counted_as,
                                     std::int64_t at_call, bool at_unsynced_name) {
  if (dies_in_call_ || fails_in_call_) return;
  counted_as_ = counted_as;
  DiskFault fault;
  fault.kind = DiskFault::Kind::PowerLoss;
  fault.at_call = static_cast<std::uint64_t>(at_call);
  fault.at_unsynced_name = at_unsynced_name;
  fault.is_process_only = how == Death::Kill;
  fault.keeps = what_is_left_of_a_write();
  fault.keeps_name = [this, chance = chance_.fork()](std::uint64_t) mutable {
    const bool is_lost = plan_.has(Fault::LostName) && chance.one_in(2);
    if (is_lost) counts_.add(Fault::LostName);
    return !is_lost;
  };
  files_.set_fault(fault);
  dies_in_call_ = true;
}

/// All of it or nothing, or some of its sectors if writes are torn in this world.
std::function<bool(std::uint64_t)> ServerProcess::what_is_left_of_a_write() {
  if (!plan_.has(Fault::TornWrite)) {
    return [is_whole = chance_.one_in(2)](std::uint64_t) { return is_whole; };
  }
  return [this, chance = chance_.fork(), kept = false, lost = false](std::uint64_t) mutable {
    const bool was_torn = kept && lost;
    const bool keeps = chance.one_in(2);
    (keeps ? kept : lost) = true;
    if (kept && lost && !was_torn) counts_.add(Fault::TornWrite);
    return keeps;
  };
}

bool ServerProcess::fail_disk(bool is_full) {
  if (dies_in_call_ || fails_in_call_) return false;
  DiskFault fault;
  fault.kind = is_full ? DiskFault::Kind::Full : DiskFault::Kind::Error;
  fault.at_call = static_cast<std::uint64_t>(chance_.between(1, 20));
  fault.for_ever = chance_.one_in(2);
  fault.keeps = [chance = chance_.fork()](std::uint64_t) mutable { return chance.one_in(2); };
  files_.set_fault(fault);
  fails_in_call_ = true;
  return true;
}

void ServerProcess::run_out_of_space(Duration length) {
  files_.set_free_bytes(static_cast<std::uint64_t>(chance_.below(8 * plan_.segment_bytes)));
  timeline_.after(length, [this] { files_.set_free_bytes(std::uint64_t{1} << 40); });
}

void ServerProcess::slow_down_disk(Duration sync, Duration length) {
  slow_sync_ = sync;
  slow_until_ = timeline_.now() + length;
}

bool ServerProcess::stop_in_order() {
  if (!life_) return false;
  life_->service->stopping = true;
  life_->stop_by = process_.now() + Duration::from_seconds(5);
  network_.stop_listening();
  schedule_turn();
  return true;
}

void ServerProcess::compact() {
  if (!life_) return;
  process_.run_beside([this] {
    if (!life_) return;
    const auto keep =
        chance_.one_in(4) ? journal::KeepSegments::All : journal::KeepSegments::Needed;
    const auto done = server::compact(life_->journal->archive(), keep, {});
    if (files_.is_off()) return end_life(true);
    if (!done && !fails_in_call_) judge_.complain("a compaction failed: " + done.error().message);
    if (done) counts_.add(Fault::Compaction);
  });
}

/// Anywhere, or where the last records are: most of a segment is still empty.
std::size_t ServerProcess::place_of_rot(std::string_view bytes) {
  constexpr std::size_t kLastRecords = 600;
  const std::size_t end = bytes.find_last_not_of('\0');
  if (end == bytes.npos || chance_.one_in(2)) return chance_.below(bytes.size());
  return end - chance_.below(std::min(end + 1, kLastRecords));
}

void ServerProcess::try_recovery_with_rot() {
  auto contents = files_.contents();
  std::vector<std::string*> files;
  for (auto& [name, bytes] : contents) {
    if (!bytes.empty()) files.push_back(&bytes);
  }
  if (files.empty()) return;
  // Mostly a single one: of several, one is found before another can be believed.
  for (std::int64_t flips = (chance_.between(1, 3) + 1) / 2; flips > 0; --flips) {
    std::string& bytes = *files[chance_.below(files.size())];
    bytes[place_of_rot(bytes)] ^= static_cast<char>(1U << chance_.below(8));
  }
  journal::MemoryFiles rotten(contents);
  state::Machine machine;
  WitnessedRecovery recovery(witness_, machine, false);
  journal::FileJournalOptions options;
  options.segment_bytes = plan_.segment_bytes;
  options.prepare_in_background = false;
  const auto opened =
      journal::FileJournal::open(std::make_unique<journal::MemoryDisk>(rotten), options, recovery);
  counts_.add(Fault::BitFlip);
  if (!opened) {
    if (opened.error().fault == base::Fault::Corrupt) return;
    return judge_.complain("a changed bit was taken for something else: " + opened.error().message);
  }
  if (auto difference = recovery.difference(); !difference.empty()) {
    judge_.complain("a changed bit was not noticed: " + difference);
  }
}

}  // namespace sim
