// From the end of COMMAND to the outcome of the task.
//
// Only COMMAND knows what it did. Its exit status is taken at its word, unless it was stopped from
// here: one that cleans up and exits with 0 when it is told to stop has not done its work. If a
// signal ended it nobody knows, and nothing is reported: the attempt then ends with the session,
// and the task is tried again, or dead.
#include "cli/flow/attempt_run.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <expected>
#include <future>
#include <memory>
#include <optional>
#include <system_error>

#include "cli/capture.h"
#include "cli/exit_status.h"
#include "cli/flow/kept_attempt.h"
#include "cli/flow/task_input.h"
#include "cli/text.h"
#include "command/limits.h"
#include "turnstile/error.h"

namespace cli {
namespace {

constexpr command::Limits kLimits;
constexpr auto kResultMax = static_cast<std::size_t>(kLimits.payload_bytes);
constexpr auto kReasonMax = static_cast<std::size_t>(kLimits.reason_bytes);

/// How long an outcome is repeated while no server answers.
constexpr auto kInsistence = std::chrono::minutes(1);
/// How long the news of a loss may come after the loss.
constexpr auto kWhyWithin = std::chrono::seconds(1);

[[noreturn]] void throw_errno(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

/// A file without a name that holds the bytes, to be read from its beginning: unlike a pipe it
/// takes them all at once, whether COMMAND reads them or not.
FileDescriptor file_of(const std::string& bytes) {
  FileDescriptor file(::memfd_create("results", MFD_CLOEXEC));
  if (!file.is_open()) throw_errno("memfd_create");
  std::size_t written = 0;
  while (written < bytes.size()) {
    const ssize_t size = ::write(file.get(), bytes.data() + written, bytes.size() - written);
    if (size < 0) throw_errno("the results of the predecessors");
    written += static_cast<std::size_t>(size);
  }
  ::lseek(file.get(), 0, SEEK_SET);
  return file;
}

FileDescriptor standard_input(const TaskInput& input, bool inherits) {
  if (input.bytes) return file_of(*input.bytes);
  if (inherits) return {};
  return FileDescriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC));
}

void say(const turnstile::Attempt& attempt, const std::string& what) {
  fmt::print(stderr, "turnstile: task {} of flow {}: {}\n", in_quotes_if_needed(attempt.task()),
             in_quotes_if_needed(attempt.flow()), printable_lines(what));
}

/// Why the attempt was lost, once the library has told; it does so on a thread of its own.
class WhyLost {
 public:
  explicit WhyLost(turnstile::Attempt& attempt) {
    attempt.on_lost([told = told_](const turnstile::Loss& loss) { told->set_value(loss); });
  }

  /// Waits a moment for it, and says it if it came.
  void say() {
    std::future<turnstile::Loss> told = told_->get_future();
    if (told.wait_for(kWhyWithin) != std::future_status::ready) return;
    const turnstile::Loss loss = told.get();
    fmt::print(stderr, "turnstile: why it is lost: {}{}\n", printable(loss.cause),
               loss.reason.empty() ? "" : ": " + printable(loss.reason));
  }

 private:
  std::shared_ptr<std::promise<turnstile::Loss>> told_ =
      std::make_shared<std::promise<turnstile::Loss>>();
};

/// Says it again while no server answers: what COMMAND did is taken late as well, as long as nobody
/// took the task over.
template <class Say>
turnstile::Result<bool> insist(Say&& say_outcome) {
  const auto give_up = turnstile::Clock::now() + kInsistence;
  turnstile::Result<bool> taken = say_outcome();
  while (taken.failed_with(turnstile::ErrorCode::Unavailable) &&
         turnstile::Clock::now() < give_up) {
    taken = say_outcome();
  }
  return taken;
}

/// What to make of an outcome that the server did not take.
AttemptReport untaken(const turnstile::Attempt& attempt, const turnstile::Error& error,
                      const std::string& outcome) {
  say(attempt, fmt::format("the server did not take that it {}: {}", outcome, error.what()));
  return {.end = AttemptEnd::Lost, .status = number_of(status_of(error.code()))};
}

AttemptReport fail(turnstile::Attempt& attempt, const std::string& reason, int status) {
  say(attempt, "failed: " + reason);
  const auto taken = insist([&] { return attempt.try_fail(reason); });
  if (!taken) return untaken(attempt, taken.error(), "failed");
  return {.end = AttemptEnd::Failed, .status = status, .reason = reason};
}

AttemptReport fail_by_limit(turnstile::Attempt& attempt, const std::string& sentence) {
  return fail(attempt, "COMMAND succeeded, but its result cannot be kept: " + sentence,
              number_of(ExitStatus::Usage));
}

AttemptReport complete(turnstile::Attempt& attempt, const Capture& capture) {
  if (capture.output_size() > kResultMax) {
    return fail_by_limit(attempt, fmt::format("it has {} bytes; the limit is {}",
                                              capture.output_size(), kResultMax));
  }
  const auto taken = insist([&] { return attempt.try_complete(capture.output()); });
  if (taken) return {.end = AttemptEnd::Completed, .status = 0, .result = capture.output()};
  if (taken.failed_with(turnstile::ErrorCode::Limit)) {
    return fail_by_limit(attempt, taken.error().what());
  }
  return untaken(attempt, taken.error(), "completed");
}

AttemptReport try_again(turnstile::Attempt& attempt, const std::string& reason) {
  say(attempt, "shall be tried again: " + reason);
  const auto taken = insist([&] { return attempt.try_fail_and_retry(reason); });
  if (!taken) return untaken(attempt, taken.error(), "shall be tried again");
  return {.end = AttemptEnd::TriedAgain, .status = kTryAgain, .reason = reason};
}

AttemptReport give_back(turnstile::Attempt& attempt, AttemptEnd end, int status) {
  const auto taken = attempt.try_release();
  if (!taken) return untaken(attempt, taken.error(), "is given back");
  return {.end = end, .status = status};
}

/// What COMMAND said last, or what can be said without it.
std::string reason_of(const Capture& capture, int status) {
  const std::string said = capture.last_error_line();
  return said.empty() ? fmt::format("exit status {}", status) : said;
}

AttemptReport report(turnstile::Attempt& attempt, const Supervisor& supervisor,
                     const Capture& capture) {
  const int status = supervisor.exit_status();
  if (supervisor.was_lost()) {
    return {.end = AttemptEnd::Lost, .status = number_of(ExitStatus::LockLost)};
  }
  if (supervisor.was_wanted()) {
    return give_back(attempt, AttemptEnd::Wanted, number_of(ExitStatus::LockLost));
  }
  if (supervisor.was_killed()) {
    say(attempt, fmt::format("COMMAND was ended by a signal, so that nobody knows what it did; "
                             "the attempt is given up (exit status {})",
                             status));
    return {.end = AttemptEnd::Unknown, .status = status};
  }
  if (status == 0) return complete(attempt, capture);
  if (status == kTryAgain) return try_again(attempt, reason_of(capture, status));
  return fail(attempt, reason_of(capture, status), status);
}

}  // namespace

AttemptReport run_attempt(turnstile::Attempt& attempt, const AttemptRules& rules,
                          SignalQueue& signals, const InheritedFiles& inherited) {
  const TaskInput input = task_input(attempt.results(), rules.reads_json);
  const FileDescriptor results = standard_input(input, rules.inherits_input);
  Capture capture(kResultMax, kReasonMax);
  const std::expected<pid_t, CannotStart> child =
      start_process({.argv = rules.command,
                     .environment = task_environment(attempt, input),
                     .mask = signals.mask_before(),
                     .files = {results.get(), capture.output_to_give(), capture.errors_to_give()}},
                    inherited);
  capture.close_given();
  if (!child) {
    say(attempt, child.error().sentence(rules.command.front()));
    return give_back(attempt, AttemptEnd::CannotStart, child.error().exit_status());
  }
  WhyLost why_lost(attempt);
  std::optional<KeptAttempt> kept(std::in_place, attempt, rules.extends);
  Supervisor supervisor(*child, kept->watched(), signals, rules.stop, &capture);
  supervisor.run();
  if (supervisor.was_lost()) why_lost.say();
  kept.reset();  // from here on the attempt is ours alone
  AttemptReport result = report(attempt, supervisor, capture);
  result.asked_to_end = supervisor.asked_to_end();
  return result;
}

}  // namespace cli
