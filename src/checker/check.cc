// The layers, one after another.
#include "checker/check.h"

#include "checker/observed.h"
#include "checker/real_time.h"

namespace checker {

Check::Check(const History& history, ModelJudge::Threads threads)
    : reading_(history), threads_(threads) {
  report_.operations = history.size();
  for (Place i = 0; i < history.size(); ++i) {
    if (reading_.words[i] == 0) ++report_.not_understood;
    if (!history[i].is_answered()) continue;
    ++report_.answered;
    if (history[i].reply->is_error()) ++report_.refused;
    if (history[i].index == 0 && history[i].queued_index == 0) ++report_.without_index;
  }
  check_real_time(reading_, report_);
  check_holds(reading_, report_);
  check_results(reading_, report_);
}

WitnessCheck& Check::witness() {
  if (!witness_) witness_.emplace(reading_, report_, threads_);
  return *witness_;
}

Report Check::finish() {
  if (witness_) witness_->finish();
  return std::move(report_);
}

}  // namespace checker
