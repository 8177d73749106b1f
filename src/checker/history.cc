// Histories as lines of JSON.
#include "checker/history.h"

#include <fmt/format.h>

#include <istream>
#include <nlohmann/json.hpp>
#include <ostream>
#include <set>

#include "checker/history_text.h"

namespace checker {
namespace {

using Json = nlohmann::ordered_json;

/// What is wrong with a line; caught where its number is known.
struct NoOperation {
  std::string why;
};

std::uint64_t number_of(const Json& line, const char* name) {
  const auto it = line.find(name);
  if (it == line.end()) return 0;
  if (!it->is_number_unsigned()) throw NoOperation{fmt::format("'{}' is no number", name)};
  return it->get<std::uint64_t>();
}

base::Time time_of(const Json& line, const char* name) {
  const auto it = line.find(name);
  if (it == line.end()) return base::Time::never();
  if (!it->is_number_integer()) throw NoOperation{fmt::format("'{}' is no number", name)};
  return base::Time::from_us(it->get<std::int64_t>());
}

std::string bytes_of(const Json& json) {
  auto bytes = text_from_json(json);
  if (!bytes) throw NoOperation{bytes.error().message};
  return std::move(*bytes);
}

void refuse_unknown_fields(const Json& line) {
  static const std::set<std::string, std::less<>> kFields = {
      "client",  "invoked", "returned", "index", "queued_index",
      "session", "request", "argv",     "reply",
  };
  for (const auto& [name, value] : line.items()) {
    if (!kFields.contains(name)) throw NoOperation{fmt::format("there is no field '{}'", name)};
  }
}

Operation operation_of(const Json& line) {
  if (!line.is_object()) throw NoOperation{"it is no object"};
  refuse_unknown_fields(line);
  for (const char* name : {"client", "invoked", "argv"}) {
    if (!line.contains(name)) throw NoOperation{fmt::format("'{}' is missing", name)};
  }
  Operation operation;
  operation.client = number_of(line, "client");
  operation.invoked = time_of(line, "invoked");
  operation.returned = time_of(line, "returned");
  operation.index = number_of(line, "index");
  operation.queued_index = number_of(line, "queued_index");
  operation.session = number_of(line, "session");
  operation.request = number_of(line, "request");
  const Json& argv = line.at("argv");
  if (!argv.is_array() || argv.empty()) throw NoOperation{"'argv' is no list of words"};
  for (const Json& word : argv) operation.argv.push_back(bytes_of(word));
  if (const auto it = line.find("reply"); it != line.end()) {
    auto reply = value_from_json(*it);
    if (!reply) throw NoOperation{reply.error().message};
    operation.reply = std::move(*reply);
  }
  if (operation.is_answered() != line.contains("returned")) {
    throw NoOperation{"'reply' and 'returned' come together"};
  }
  if (operation.returned < operation.invoked) {
    throw NoOperation{"it returned before it was invoked"};
  }
  return operation;
}

}  // namespace

base::Result<History> read_history(std::istream& in) {
  History history;
  std::string text;
  for (std::uint64_t number = 1; std::getline(in, text); ++number) {
    if (text.empty()) continue;
    const Json line = Json::parse(text, nullptr, false);
    try {
      if (line.is_discarded()) throw NoOperation{"it is no JSON"};
      history.push_back(operation_of(line));
    } catch (const NoOperation& wrong) {
      return base::failure(base::Fault::Corrupt, fmt::format("line {}: {}", number, wrong.why));
    }
  }
  return history;
}

void write_operation(std::ostream& out, const Operation& operation) {
  Json line;
  line["client"] = operation.client;
  line["invoked"] = operation.invoked.us();
  if (operation.is_answered()) line["returned"] = operation.returned.us();
  if (operation.index != 0) line["index"] = operation.index;
  if (operation.queued_index != 0) line["queued_index"] = operation.queued_index;
  if (operation.session != 0) line["session"] = operation.session;
  if (operation.request != 0) line["request"] = operation.request;
  line["argv"] = Json::array();
  for (const std::string& word : operation.argv) line["argv"].push_back(json_of(word));
  if (operation.is_answered()) line["reply"] = json_of(*operation.reply);
  out << line.dump() << "\n";
}

}  // namespace checker
