// A client of the world that uses the library: its real conversation, with a
// made-up socket and clock around it, and some work to do under locks and tasks.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "client/conversation/conversation.h"
#include "sim/chance.h"
#include "sim/judge.h"
#include "sim/network.h"
#include "sim/plan.h"
#include "sim/process.h"
#include "sim/resource.h"
#include "sim/timeline.h"

namespace sim {

class LibraryClient {
 public:
  LibraryClient(std::uint64_t number, Timeline& timeline, Network& network, const Plan& plan,
                Resource& resource, Judge& judge, Chance chance);
  ~LibraryClient();

  void start();
  /// Called when it has sent something.
  void set_after_sending(std::function<void()> what) { after_sending_ = std::move(what); }
  /// The process dies, and another one goes on with what is left to do.
  bool die();
  /// Ends its work early, so that the world can come to rest.
  void hurry() { rounds_left_ = std::min<std::uint64_t>(rounds_left_, 2); }
  bool is_done() const { return is_done_; }
  std::uint64_t rounds() const { return rounds_; }
  Process& process() { return process_; }

 private:
  struct Life;
  using HoldPtr = std::shared_ptr<turnstile::client::Hold>;

  void pump();
  void follow_wish();
  void arm_timer();
  void write();
  void begin(turnstile::client::OperationPtr operation,
             std::function<void(turnstile::client::Outcome)> done);

  void next_round();
  void rest_then_next_round();
  void lock_round();
  void work_under_lock(const HoldPtr& hold, bool is_shared);
  void task_round();
  void work_on_task(const HoldPtr& hold);
  void finish_task(const HoldPtr& hold);
  void close();

  const std::uint64_t number_;
  Timeline& timeline_;
  Network& network_;
  const Plan& plan_;
  Resource& resource_;
  Judge& judge_;
  Chance chance_;
  Process process_;
  std::shared_ptr<Life> life_;
  std::function<void()> after_sending_;
  std::uint64_t rounds_left_;
  std::uint64_t rounds_ = 0;
  bool is_done_ = false;
};

}  // namespace sim
