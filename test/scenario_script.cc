// Reading, running and writing scenarios.
#include "scenario_script.h"

#include <fmt/format.h>

#include <charconv>
#include <sstream>
#include <stdexcept>

#include "command/table.h"

namespace scenario {
namespace {

Words split(const std::string& line) {
  std::istringstream stream(line);
  Words words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

/// `alice: LOCK.ACQUIRE k` has a speaker, `advance 1s` has none.
struct Action {
  std::string client;
  Words words;
};

Action action_of(const std::string& line) {
  const std::size_t colon = line.find(": ");
  if (colon == std::string::npos || line.find(' ') < colon) return {"", split(line)};
  return {line.substr(0, colon), split(line.substr(colon + 2))};
}

/// Whether a line behind `----` is no outcome but the next thing that is done.
bool is_action(const std::string& line) {
  const Action action = action_of(line);
  if (action.words.empty()) return false;
  if (action.client.empty()) return action.words[0] == "advance" || line == "restart";
  if (action.words == Words{"hang", "up"}) return true;
  const std::vector<std::string_view> argv(action.words.begin(), action.words.end());
  return command::find(argv) != nullptr;
}

base::Duration duration_of(const std::string& text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string unit(end, text.data() + text.size());
  if (error == std::errc() && unit == "ms") return base::Duration::from_ms(number);
  if (error == std::errc() && unit == "s") return base::Duration::from_seconds(number);
  throw std::runtime_error("no length of time: " + text);
}

/// Indented lines belong to the line above them.
void append_lines(std::vector<std::string>& lines, const std::string& text) {
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
}

void collect(World& world, const std::string& speaker, std::vector<std::string>& outcome) {
  for (const auto& [client, heard] : world.take_heard()) {
    const bool is_answer = client == speaker && !heard.is_push;
    append_lines(outcome, is_answer ? heard.text : fmt::format("{}: {}", client, heard.text));
  }
}

/// What was heard while the client's command waits, or after it was put behind one that does.
void say(World& world, const Action& action, std::vector<std::string>& outcome) {
  const bool was_blocked = world.is_blocked(action.client);
  world.say(action.client, action.words);
  if (was_blocked) {
    outcome.push_back("behind the wait");
  } else if (world.is_blocked(action.client)) {
    outcome.push_back("waiting");
  }
  collect(world, was_blocked ? "" : action.client, outcome);
}

std::vector<std::string> do_action(World& world, const std::string& line) {
  const Action action = action_of(line);
  std::vector<std::string> outcome;
  if (!action.client.empty() && action.words != Words{"hang", "up"}) {
    say(world, action, outcome);
    return outcome;
  }
  if (!action.client.empty()) {
    world.hang_up(action.client);
  } else if (line == "restart") {
    world.restart();
  } else {
    world.advance(duration_of(action.words.at(1)));
  }
  collect(world, "", outcome);
  return outcome;
}

}  // namespace

Script parse(const std::string& text) {
  Script script;
  Block block;
  bool is_outcome = false;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    const bool is_comment = line.empty() || line.starts_with('#');
    if (is_outcome && (is_comment || is_action(line))) {
      script.blocks.push_back(std::exchange(block, {}));
      is_outcome = false;
    }
    if (line == "----") {
      is_outcome = true;
    } else if (is_outcome) {
      block.outcome.push_back(line);
    } else if (is_comment && block.done.empty()) {
      block.before.push_back(line);
    } else if (is_action(line)) {
      block.done.push_back(line);
    } else {
      throw std::runtime_error("neither a command nor a comment: " + line);
    }
  }
  if (!block.done.empty()) {
    script.blocks.push_back(std::move(block));
  } else {
    script.after = std::move(block.before);
  }
  return script;
}

std::string text_of(const Script& script) {
  std::string text;
  const auto add = [&](const std::vector<std::string>& lines) {
    for (const std::string& line : lines) text += line + "\n";
  };
  for (const Block& block : script.blocks) {
    const bool is_apart = text.empty() || (!block.before.empty() && block.before[0].empty());
    if (!is_apart) text += "\n";
    add(block.before);
    add(block.done);
    text += "----\n";
    add(block.outcome);
  }
  add(script.after);
  return text;
}

Script run(const Script& script, World& world) {
  Script ran = script;
  for (Block& block : ran.blocks) {
    block.outcome.clear();
    for (const std::string& line : block.done) {
      for (std::string& heard : do_action(world, line)) block.outcome.push_back(std::move(heard));
    }
    if (block.outcome.empty()) block.outcome.push_back("nothing is heard");
  }
  return ran;
}

}  // namespace scenario
