// JSON and environment variables out of an attempt.
#include "cli/flow/task_input.h"

#include <absl/strings/escaping.h>
#include <fmt/format.h>

#include "cli/json.h"
#include "cli/text.h"

namespace cli {
namespace {

std::string base64(std::string_view bytes) {
  return absl::Base64Escape(absl::string_view(bytes.data(), bytes.size()));
}

void add_text(Json& object, const char* key, const std::string& text) {
  if (is_utf8(text)) {
    object[key] = text;
  } else {
    object[key] = base64(text);
    object["encoding"] = "base64";
  }
}

Json to_json(const turnstile::TaskResult& outcome) {
  Json object = Json::object();
  object["task"] = outcome.task;
  object["state"] = turnstile::name(outcome.state);
  if (outcome.is_completed()) {
    add_text(object, "result", outcome.result);
  } else {
    add_text(object, "reason", outcome.reason);
  }
  return object;
}

}  // namespace

std::string results_json(const std::vector<turnstile::TaskResult>& results) {
  Json array = Json::array();
  for (const turnstile::TaskResult& outcome : results) array.push_back(to_json(outcome));
  return to_line(array) + "\n";
}

TaskInput task_input(const std::vector<turnstile::TaskResult>& results, bool as_json) {
  if (results.empty() && !as_json) return {};
  if (results.size() == 1 && results.front().is_completed() && !as_json) {
    return {.bytes = results.front().result, .kind = "result"};
  }
  return {.bytes = results_json(results), .kind = "json"};
}

std::string variable(std::string_view name, std::string_view value) {
  if (value.find('\0') == std::string_view::npos) return fmt::format("{}={}", name, value);
  return fmt::format("{}_BASE64={}", name, base64(value));
}

std::vector<std::string> task_environment(const turnstile::Attempt& attempt,
                                          const TaskInput& input) {
  return {fmt::format("TURNSTILE_TOKEN={}", attempt.token()),
          fmt::format("TURNSTILE_ATTEMPT={}", attempt.number()),
          variable("TURNSTILE_FLOW", attempt.flow()),
          variable("TURNSTILE_TASK", attempt.task()),
          variable("TURNSTILE_INPUT", attempt.input()),
          variable("TURNSTILE_CHECKPOINT", attempt.checkpoint()),
          fmt::format("TURNSTILE_STDIN={}", input.kind)};
}

}  // namespace cli
