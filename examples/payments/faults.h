// What goes wrong in the demo, and that it goes wrong at the worst moment: one worker
// is killed, and another frozen until it has lost its locks, each while it stands
// between the read and the write of a payment.
//
// A fault goes through these stages: it becomes due; a worker is told to stand with the
// next payment; it says that it stands; it is struck. A frozen one is woken when
// another worker has settled its payment, and then tries its own late write.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "protocol.h"

namespace payments {

class Fault {
 public:
  enum class Kind { Kill, Freeze };
  enum class Stage {
    Planned,
    Ordered,  ///< worker() was told to stand with payment()
    Struck,   ///< killed, or frozen
    Woken,    ///< only Freeze: its late write is yet to come
    Over,
  };

  /// It is due when `due_at` payments are done.
  Fault(Kind kind, std::int64_t due_at) : kind_(kind), due_at_(due_at) {}

  Kind kind() const { return kind_; }
  Stage stage() const { return stage_; }
  int worker() const { return worker_; }
  int payment() const { return payment_; }
  std::int64_t frozen_us() const { return woken_us_ - struck_us_; }

  /// What the late write of the frozen worker came to, once it is Over.
  std::optional<Outcome> late_outcome() const { return late_outcome_; }

  bool is_due(std::int64_t done) const { return stage_ == Stage::Planned && done >= due_at_; }
  bool concerns(int worker, int payment) const { return worker == worker_ && payment == payment_; }

  void order(int worker, int payment);
  void strike();
  void wake();

  /// The worker has reported this payment done: after it was woken, or without ever
  /// standing, because somebody else had settled it; then the fault is planned anew.
  void hear_done(Outcome outcome);

  /// "killed", "frozen".
  const char* name() const { return kind_ == Kind::Kill ? "killed" : "frozen"; }

 private:
  Kind kind_;
  std::int64_t due_at_;
  Stage stage_ = Stage::Planned;
  int worker_ = -1;
  int payment_ = -1;
  std::int64_t struck_us_ = 0;
  std::int64_t woken_us_ = 0;
  std::optional<Outcome> late_outcome_;
};

}  // namespace payments
