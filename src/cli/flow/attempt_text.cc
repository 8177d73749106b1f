// The words for the end of an attempt, and its JSON.
#include "cli/flow/attempt_text.h"

#include <fmt/format.h>

#include "cli/json.h"
#include "cli/text.h"
#include "cli/time_text.h"

namespace cli {
namespace {

struct Words {
  const char* text;  ///< for people
  const char* json;  ///< `outcome`
};

Words words_of(AttemptEnd end) {
  switch (end) {
    case AttemptEnd::Completed: return {"completed", "completed"};
    case AttemptEnd::Failed: return {"failed", "failed"};
    case AttemptEnd::TriedAgain: return {"to be tried again", "retry"};
    case AttemptEnd::Wanted: return {"given back to somebody of higher priority", "preempted"};
    case AttemptEnd::CannotStart: return {"given back, for it cannot be started here", "released"};
    case AttemptEnd::Lost: return {"lost", "lost"};
    case AttemptEnd::Unknown: return {"of unknown outcome", "unknown"};
  }
  return {"", ""};
}

}  // namespace

std::string attempt_text(const AttemptSummary& attempt) {
  const AttemptReport& report = attempt.report;
  std::string text =
      fmt::format("{} {}, attempt {}: {} after {}", in_quotes_if_needed(attempt.flow),
                  in_quotes_if_needed(attempt.task), attempt.number, words_of(report.end).text,
                  duration_text(attempt.took.count()));
  if (report.end == AttemptEnd::Completed) {
    text += ", " + counted(report.result.size(), "byte");
  }
  if (!report.reason.empty()) text += ": " + printable(report.reason);
  return text;
}

std::string attempt_json(const AttemptSummary& attempt) {
  const AttemptReport& report = attempt.report;
  Json json{{"flow", attempt.flow},
            {"task", attempt.task},
            {"attempt", attempt.number},
            {"token", attempt.token},
            {"outcome", words_of(report.end).json},
            {"took", attempt.took.count()},
            {"status", report.status}};
  if (report.end == AttemptEnd::Completed) json["result_bytes"] = report.result.size();
  if (!report.reason.empty()) json["reason"] = report.reason;
  return to_line(json);
}

}  // namespace cli
