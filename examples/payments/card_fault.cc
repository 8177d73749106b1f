// See card_fault.h.
#include "card_fault.h"

#include <fmt/format.h>
#include <signal.h>

#include "figures.h"
#include "protocol.h"

namespace payments {

void CardFault::advance(CardWatch& watch, std::int64_t captures) {
  switch (stage_) {
    case Stage::Planned:
      if (captures < due_at_) return;
      worker_.say(kind_ == Kind::Kill ? "stand after" : "stand before");
      stage_ = Stage::Ordered;
      return;
    case Stage::Ordered:
      if (const auto standing = worker_.hear()) {
        standing_ = *standing;
        strike(watch);
      }
      return;
    case Stage::Struck:
      if (const auto takeover = watch.takeover_of(standing_)) hear_takeover(*takeover);
      return;
    case Stage::Woken:
      if (!watch.is_refused(standing_)) return;
      note_(fmt::format("worker {} writes {} too late, and its token is refused", worker_.number(),
                        standing_.payment));
      stage_ = Stage::Over;
      return;
    case Stage::Over: return;
  }
}

void CardFault::strike(CardWatch& watch) {
  const bool kills = kind_ == Kind::Kill;
  worker_.process().signal(kills ? SIGKILL : SIGSTOP);
  if (!kills) {
    if (!worker_.process().wait_until_stopped()) return;
    worker_.say("go");
  }
  struck_us_ = now_us();
  watch.record_fault(kills ? "killed" : "frozen", worker_.number(), standing_);
  note_(kills ? fmt::format("worker {} is killed: {} is captured with token {}, not reported",
                            worker_.number(), standing_.payment, standing_.token)
              : fmt::format("worker {} is frozen just before it captures {} with token {}",
                            worker_.number(), standing_.payment, standing_.token));
  stage_ = Stage::Struck;
}

void CardFault::hear_takeover(const CardWatch::Takeover& takeover) {
  taken_over_us_ = now_us();
  note_(fmt::format("worker {} takes {} over after {}, with token {}{}", takeover.worker,
                    standing_.payment, duration(static_cast<double>(taken_over_after_us())),
                    takeover.token, kind_ == Kind::Kill ? ", and finds it captured" : ""));
  stage_ = kind_ == Kind::Kill ? Stage::Over : Stage::Woken;
  if (kind_ == Kind::Freeze) worker_.process().signal(SIGCONT);
}

}  // namespace payments
