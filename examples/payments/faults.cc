// See faults.h.
#include "faults.h"

namespace payments {

void Fault::order(int worker, int payment) {
  worker_ = worker;
  payment_ = payment;
  stage_ = Stage::Ordered;
}

void Fault::strike() {
  struck_us_ = now_us();
  stage_ = kind_ == Kind::Kill ? Stage::Over : Stage::Struck;
}

void Fault::wake() {
  woken_us_ = now_us();
  stage_ = Stage::Woken;
}

void Fault::hear_done(Outcome outcome) {
  if (stage_ == Stage::Ordered) {
    stage_ = Stage::Planned;
    worker_ = payment_ = -1;
  } else if (stage_ == Stage::Woken) {
    late_outcome_ = outcome;
    stage_ = Stage::Over;
  }
}

}  // namespace payments
