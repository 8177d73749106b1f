// The page: prose, and between it what the tables say.
#include "command/protocol_docs.h"

#include <fmt/format.h>

#include <iterator>

#include "command/errors.h"
#include "command/limits.h"
#include "command/protocol_options.h"
#include "command/protocol_prose.h"
#include "command/table.h"

namespace command {
namespace {

using Out = std::back_insert_iterator<std::string>;

void write_options(Out out) {
  fmt::format_to(out, "| option | value | meaning |\n|---|---|---|\n");
  for (const OptionNote& note : kOptionNotes) {
    fmt::format_to(out, "| `{}` | {} | {} |\n", option_word(note.option), note.values,
                   note.meaning);
  }
}

void write_command(Out out, const CommandSpec& spec) {
  fmt::format_to(out, "\n#### {}\n\n```\n{}\n```\n\n{}{}\n\nAnswer: {}\n", spec.name, spec.syntax,
                 spec.summary, spec.waits ? " May wait." : "", spec.reply);
}

void write_group(Out out, Group group, std::string_view title) {
  fmt::format_to(out, "\n### {}\n", title);
  for (const CommandSpec& spec : table()) {
    if (spec.group == group) write_command(out, spec);
  }
}

void write_commands(Out out) {
  fmt::format_to(out, "\n## Commands\n");
  write_group(out, Group::Session, "Sessions");
  write_group(out, Group::Lock, "Locks");
  write_group(out, Group::Semaphore, "Semaphores");
  write_group(out, Group::Election, "Elections");
  write_group(out, Group::Task, "Tasks and flows");
  write_group(out, Group::Signal, "Signals");
  write_group(out, Group::Connection, "The connection");
  write_group(out, Group::Server, "The server");
}

void write_errors(Out out) {
  fmt::format_to(out, "| code | meaning | applied? |\n|---|---|---|\n");
#define TURNSTILE_WRITE_ERROR(name, word, applied, text) \
  fmt::format_to(out, "| `{}` | {} | {} |\n", word, text, (applied) ? "maybe" : "no");
  TURNSTILE_ERRORS(TURNSTILE_WRITE_ERROR)
#undef TURNSTILE_WRITE_ERROR
}

void write_limits(Out out) {
  const Limits limits;
  for_each_limit(limits, [&](const char* name, const char* what, std::int64_t value) {
    fmt::format_to(out, "| `{}` | {} | {} |\n", name, value, what);
  });
}

}  // namespace

std::string protocol_docs() {
  std::string page(kIntroduction);
  const Out out = std::back_inserter(page);
  write_options(out);
  write_commands(out);
  page += kMapsAndPushes;
  write_errors(out);
  page += kLimits;
  write_limits(out);
  return page;
}

}  // namespace command
