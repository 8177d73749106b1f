// What goes wrong in the second act: a worker is killed when its capture stands in the database
// and is not reported yet, and another is frozen just before its write until somebody else has
// taken its capture over.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "card_watch.h"
#include "step_process.h"

namespace payments {

class CardFault {
 public:
  enum class Kind { Kill, Freeze };

  /// Strikes this worker when so many captures are done. `note` is told what happens.
  CardFault(Kind kind, StepProcess& worker, std::int64_t due_at,
            std::function<void(const std::string&)> note)
      : kind_(kind), worker_(worker), due_at_(due_at), note_(std::move(note)) {}

  /// To be called often: goes on as far as it can without waiting.
  void advance(CardWatch& watch, std::int64_t captures);

  bool is_over() const { return stage_ == Stage::Over; }
  bool has_killed(const StepProcess& worker) const {
    return kind_ == Kind::Kill && is_over() && &worker == &worker_;
  }
  /// From the blow until another worker came to the database with the same capture.
  std::int64_t taken_over_after_us() const { return taken_over_us_ - struck_us_; }

 private:
  enum class Stage { Planned, Ordered, Struck, Woken, Over };
  void strike(CardWatch& watch);
  void hear_takeover(const CardWatch::Takeover& takeover);

  Kind kind_;
  StepProcess& worker_;
  std::int64_t due_at_;
  std::function<void(const std::string&)> note_;
  Stage stage_ = Stage::Planned;
  Standing standing_;
  std::int64_t struck_us_ = 0;
  std::int64_t taken_over_us_ = 0;
};

}  // namespace payments
