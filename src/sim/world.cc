// Chaos, calm, and the judgement.
#include "sim/world.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

#include "base/check.h"
#include "base/hash.h"
#include "checker/check.h"

namespace sim {

using base::Duration;
using base::Time;

World::World(const Plan& plan)
    : plan_(plan),
      chance_(plan.seed),
      network_(timeline_, plan_, counts_, chance_.fork()),
      // A client whose clock stands still cannot know that its time is over.
      resource_(judge_, plan.has(Fault::ClientFreeze)),
      server_(std::make_unique<ServerProcess>(timeline_, network_, plan_, counts_, judge_,
                                              chance_.fork())) {
  std::uint64_t number = 0;
  for (std::uint64_t i = 0; i < plan_.recorders; ++i) {
    recorders_.push_back(std::make_unique<RecordingClient>(++number, timeline_, network_, plan_,
                                                           history_, judge_, chance_.fork()));
  }
  for (std::uint64_t i = 0; i < plan_.library_clients; ++i) {
    library_clients_.push_back(std::make_unique<LibraryClient>(++number, timeline_, network_, plan_,
                                                               resource_, judge_, chance_.fork()));
    LibraryClient& client = *library_clients_.back();
    client.set_after_sending([this, &client] { pause_after_sending(client.process()); });
  }
}

World::~World() = default;

Report World::run() {
  server_->start();
  for (const auto& client : recorders_) client->start();
  for (const auto& client : library_clients_) client->start();
  schedule_fault();
  judge_believers();
  const Time calm_at = timeline_.now() + plan_.chaos;
  timeline_.at(calm_at, [this] { be_calm(); });
  // Waits are at most some seconds long, and nobody begins much that is new.
  const Time end = calm_at + Duration::from_seconds(120);
  while (judge_.is_content() && !is_over() && timeline_.step(end)) {
  }
  if (judge_.is_content()) judge_rest();
  return report();
}

bool World::is_over() const {
  if (!server_->is_at_rest()) return false;
  for (const auto& client : recorders_) {
    if (!client->is_done()) return false;
  }
  for (const auto& client : library_clients_) {
    if (!client->is_done()) return false;
  }
  return true;
}

// --- faults

void World::schedule_fault() {
  timeline_.after(chance_.between(Duration::from_ms(1), plan_.fault_gap * 2), [this] {
    if (is_calm_) return;
    const Fault fault = static_cast<Fault>(chance_.below(kFaultCount));
    if (plan_.has(fault) && do_fault(fault)) counts_.add(fault);
    schedule_fault();
  });
}

Process& World::some_client_process() {
  const std::uint64_t which = chance_.below(recorders_.size() + library_clients_.size());
  if (which < recorders_.size()) return recorders_[which]->process();
  return library_clients_[which - recorders_.size()]->process();
}

bool World::pause(Process& process, bool is_frozen) {
  if (process.is_paused()) return false;
  process.pause(is_frozen);
  const Duration length =
      chance_.one_in(20) ? chance_.between(Duration::from_seconds(1), Duration::from_seconds(60))
                         : chance_.between(Duration::from_ms(1), Duration::from_ms(2'000));
  timeline_.after(length, [this, &process] {
    // What came meanwhile is old news to a client, and it may hear no other for a while.
    const bool is_alone = &process != &server_->process() && !is_calm_ &&
                          plan_.has(Fault::Partition) && chance_.one_in(3);
    if (is_alone && do_fault(Fault::Partition)) counts_.add(Fault::Partition);
    process.resume();
  });
  return true;
}

/// The answer comes while the client stands still: what does it make of it when it wakes?
void World::pause_after_sending(Process& process) {
  if (is_calm_ || !plan_.has(Fault::ClientPause) || !chance_.one_in(100)) return;
  if (pause(process, false)) counts_.add(Fault::ClientPause);
}

void World::judge_believers() {
  timeline_.after(Duration::from_ms(20), [this] {
    if (const state::Machine* machine = server_->machine()) resource_.judge_believers(*machine);
    judge_believers();
  });
}

bool World::kill_a_client() {
  const std::uint64_t which = chance_.below(recorders_.size() + library_clients_.size());
  if (which < recorders_.size()) return recorders_[which]->die();
  return library_clients_[which - recorders_.size()]->die();
}

bool World::break_a_connection(bool is_half) {
  const auto connections = network_.connections();
  if (connections.empty()) return false;
  const bool client_hears = !is_half || chance_.one_in(3);
  connections[chance_.below(connections.size())]->reset(chance_, client_hears,
                                                        !is_half || !client_hears);
  return true;
}

/// False if it could not happen now, or counts itself when it does.
bool World::do_fault(Fault fault) {
  using Death = ServerProcess::Death;
  switch (fault) {
    case Fault::Kill: return server_->die(Death::Kill);
    case Fault::KillInCall: server_->die_in_call(Death::Kill, Fault::KillInCall); return false;
    case Fault::PowerLoss:
      if (chance_.one_in(2)) return server_->die(Death::PowerLoss);
      server_->die_in_call(Death::PowerLoss, Fault::PowerLoss);
      return false;
    case Fault::DiskError: return server_->fail_disk(false);
    case Fault::DiskFull:
      if (chance_.one_in(2)) return server_->fail_disk(true);
      server_->run_out_of_space(chance_.between(Duration::from_ms(100), Duration::from_seconds(5)));
      return true;
    case Fault::SlowDisk:
      server_->slow_down_disk(chance_.between(Duration::from_ms(10), Duration::from_seconds(3)),
                              chance_.between(Duration::from_ms(100), Duration::from_seconds(5)));
      return true;
    case Fault::ServerPause: return pause(server_->process(), false);
    case Fault::ServerFreeze: return pause(server_->process(), true);
    case Fault::ClientPause: return pause(some_client_process(), false);
    case Fault::ClientFreeze: return pause(some_client_process(), true);
    case Fault::ClientKill: return kill_a_client();
    case Fault::WallJump:
      server_->process().jump_wall(
          chance_.between(Duration::from_seconds(-100'000), Duration::from_seconds(100'000)));
      return true;
    case Fault::ClockRate: {
      // Two clocks may be a tenth apart, which the library's margin has to bear.
      Process& process = chance_.one_in(2) ? server_->process() : some_client_process();
      process.set_rate(chance_.between(-45'000, 45'000));
      return true;
    }
    case Fault::Reset: return break_a_connection(false);
    case Fault::HalfOpen: return break_a_connection(true);
    case Fault::Partition:
      network_.partition(timeline_.now() +
                         chance_.between(Duration::from_ms(10), Duration::from_seconds(12)));
      return true;
    case Fault::SlowReader:
      return recorders_[chance_.below(recorders_.size())]->stop_reading(
          chance_.between(Duration::from_ms(10), Duration::from_seconds(4)));
    case Fault::Garbage: return recorders_[chance_.below(recorders_.size())]->send_garbage();
    case Fault::Compaction: server_->compact(); return false;
    case Fault::Shutdown: return server_->stop_in_order();
    // These count themselves, as part of others too.
    case Fault::TornWrite: server_->tear_next_write(); return false;
    case Fault::LostName: server_->lose_power_and_names(); return false;
    // These happen by themselves.
    case Fault::KillInRecovery:
    case Fault::BitFlip:
    case Fault::Delay:
    case Fault::Fragment: return false;
  }
  CHECK(false);
}

void World::be_calm() {
  is_calm_ = true;
  server_->calm();
  server_->process().resume();
  server_->process().set_rate(0);
  for (const auto& client : recorders_) {
    client->process().resume();
    client->hurry();
  }
  for (const auto& client : library_clients_) {
    client->process().resume();
    client->hurry();
  }
  network_.calm();
}

// --- the judgement

void World::judge_rest() {
  if (!is_over()) {
    std::string who;
    if (!server_->is_up()) who += " the server is down;";
    for (const auto& client : recorders_) {
      if (!client->is_done()) who += "\n  " + client->to_string();
    }
    for (std::size_t i = 0; i < library_clients_.size(); ++i) {
      if (!library_clients_[i]->is_done())
        who += fmt::format(" library client {} is not done;", i + 1);
    }
    return judge_.complain("the world does not come to rest in calm:" + who);
  }
  if (auto broken = server_->machine()->broken_invariant()) {
    judge_.complain("an invariant is broken at the end: " + *broken);
  }
  if (server_->witness().last_index() != server_->machine()->last_index()) {
    judge_.complain("the machine is ahead of the journal at rest");
  }
  judge_history();
}

/// By the promises, with the journal as the witness.
void World::judge_history() {
  checker::Check check(history_);
  for (const command::Entry& entry : server_->witness().entries()) check.witness().replay(entry);
  const checker::Report found = check.finish();
  for (const checker::Violation& violation : found.violations) {
    std::string text = violation.promise + ": " + violation.sentence;
    if (violation.index != 0) text += fmt::format(" (index {})", violation.index);
    for (const std::size_t at : violation.operations) {
      const checker::Operation& operation = history_[at];
      text += fmt::format("\n  client {}, request {}, index {}: {}", operation.client,
                          operation.request, operation.index, fmt::join(operation.argv, " "));
      if (operation.reply) text += "\n    " + resp::to_text(*operation.reply);
    }
    judge_.complain(std::move(text));
  }
}

std::uint64_t World::print() const {
  std::string all;
  for (const checker::Operation& operation : history_) {
    all += fmt::format("{} {} {} {} ", operation.client, operation.invoked.us(),
                       operation.returned.us(), operation.index);
    if (operation.reply) all += resp::to_text(*operation.reply);
  }
  for (const Witness::Record& record : server_->witness().records()) {
    all += fmt::format("{} {} {} ", record.index, record.cluster_time.us(), record.wall_time.us());
    all += record.payload;
  }
  return base::hash64(all, 0);
}

Report World::report() const {
  Report report;
  report.complaints = judge_.complaints();
  report.print = print();
  report.operations = history_.size();
  for (const checker::Operation& operation : history_) {
    if (operation.is_answered()) ++report.answered;
  }
  report.entries = server_->witness().records().size();
  for (const auto& client : library_clients_) report.rounds += client->rounds();
  report.overlaps = resource_.overlaps();
  report.time = timeline_.now() - Time();
  report.faults = counts_;
  return report;
}

}  // namespace sim
