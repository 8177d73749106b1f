// See pipe.h. The workers are lockers of sixteen keys at once, so that the loop of workloads.cc
// measures them like all others.
#include "pipe.h"

#include <fmt/format.h>

#include <utility>

namespace bench {
namespace {

/// The keys of one worker, taken for one.
class PipeLocker final : public Locker {
 public:
  explicit PipeLocker(Pipe& pipe) : pipe_(pipe) {}

  std::uint64_t lock(const std::string& key) override {
    for (int i = static_cast<int>(keys_.size()); i < kPipeDepth; ++i) {
      keys_.push_back(fmt::format("{}/{}", key, i));
    }
    pipe_.lock_all(keys_);
    return kNoToken;
  }

  void unlock() override { pipe_.unlock_all(keys_); }

 private:
  Pipe& pipe_;
  std::vector<std::string> keys_;
};

}  // namespace

Outcome run_pipes(std::span<const std::unique_ptr<Pipe>> pipes, const ProcessorTime& processor_time,
                  std::chrono::milliseconds length) {
  std::vector<std::unique_ptr<Locker>> lockers;
  for (const auto& pipe : pipes) lockers.push_back(std::make_unique<PipeLocker>(*pipe));
  Outcome outcome = run({.way = "pipelined", .workers = static_cast<int>(lockers.size())}, lockers,
                        processor_time, length);
  for (Figure& figure : outcome.figures) {
    if (figure.name == "pairs/s") figure.value *= kPipeDepth;
    if (figure.name == "server CPU us/pair") figure.value /= kPipeDepth;
  }
  return outcome;
}

}  // namespace bench
