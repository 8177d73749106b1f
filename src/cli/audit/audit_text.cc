// Rows, sums, and the same as JSON.
#include "cli/audit/audit_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/json.h"
#include "cli/table.h"
#include "cli/text.h"
#include "cli/time_text.h"
#include "state/flows.h"

namespace cli {
namespace {

// --- for people

std::string waited_of(const Hold& hold) {
  return hold.waited ? duration_text(hold.waited->ms()) : std::string("?");
}

/// What led to the end, in a sentence.
std::string why(const Hold& hold) {
  std::string text;
  const auto add = [&](std::string_view words) {
    if (words.empty()) return;
    if (!text.empty()) text += "; ";
    text += words;
  };
  if (hold.before != 0) add(fmt::format("was token {}", hold.before));
  const bool was_preempted = hold.end && hold.warning && hold.end->by == hold.warning->by;
  if (was_preempted) {
    const base::Duration grace = hold.end->moment.at - hold.warning->moment.at;
    add(fmt::format("by {}, who asked {} before", printable(hold.end->by),
                    duration_text(grace.ms())));
  } else if (hold.warning) {
    add(fmt::format("{} had asked for it", printable(hold.warning->by)));
  }
  if (hold.end) {
    if (!was_preempted && !hold.end->by.empty()) add("by " + printable(hold.end->by));
    add(printable(hold.end->reason));
    if (hold.end->shuts) add("its keys were shut");
  }
  return text;
}

void add_row(Table& table, const Hold& hold) {
  const bool is_clean =
      hold.end && (hold.end->cause == "released" || hold.end->cause == "completed" ||
                   hold.end->cause == "upgraded");
  const Style style = !hold.end ? Style::Held : is_clean ? Style::Plain : Style::Warning;
  table.add({exact_moment_text(hold.granted.wall), std::to_string(hold.token),
             std::string(kind_of(hold.space)), what_asked(hold), who_asked(hold), waited_of(hold),
             hold.end ? duration_text((hold.end->moment.at - hold.granted.at).ms()) : std::string(),
             Cell(hold.end ? hold.end->cause : std::string("held"), style), why(hold),
             printable(hold.note)});
}

void add_row(Table& table, const Refusal& refusal) {
  table.add({exact_moment_text(refusal.asked.wall), std::string("-"),
             std::string(kind_of(refusal.space)), what_asked(refusal), who_asked(refusal),
             duration_text((refusal.refused.at - refusal.asked.at).ms()), std::string(),
             Cell(refusal.code, Style::Waiting), printable(refusal.sentence),
             printable(refusal.note)});
}

/// "3 released, 1 expired".
std::string sums(const std::map<std::string, std::uint64_t>& counts) {
  std::vector<std::string> parts;
  for (const auto& [what, count] : counts) parts.push_back(grouped(count) + " " + what);
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::uint64_t total(const std::map<std::string, std::uint64_t>& counts) {
  std::uint64_t sum = 0;
  for (const auto& [what, count] : counts) sum += count;
  return sum;
}

}  // namespace

std::string audit_table(const std::deque<AuditRow>& rows, std::uint64_t left_out,
                        const Terminal& terminal) {
  Table table({{.heading = "GRANTED, OR ASKED"},
               {.heading = "TOKEN", .is_number = true},
               {.heading = "KIND", .is_spare = true},
               {.heading = "KEYS", .is_elastic = true},
               {.heading = "HOLDER", .is_elastic = true},
               {.heading = "WAITED", .is_number = true},
               {.heading = "HELD", .is_number = true},
               {.heading = "END"},
               {.heading = "WHY", .is_elastic = true, .is_spare = true},
               {.heading = "NOTE", .is_elastic = true, .is_spare = true}});
  for (const AuditRow& row : rows) {
    std::visit([&](const auto& item) { add_row(table, item); }, row);
  }
  if (table.empty()) return "";
  std::string text;
  if (left_out > 0) text = fmt::format("{} earlier ones are not shown\n", grouped(left_out));
  return text + table.text(terminal) + '\n';
}

std::string audit_text(const AuditReport& report) {
  std::string text;
  if (!report.first) {
    text = "no entries\n";
  } else {
    text = fmt::format("{} entries, {} to {}, from {} to {}\n", grouped(report.entries),
                       report.first->index, report.last->index,
                       exact_moment_text(report.first->wall), exact_moment_text(report.last->wall));
  }
  if (report.from_snapshot != 0) {
    text += fmt::format("it begins with the snapshot of index {}: what was before is not kept\n",
                        report.from_snapshot);
  }
  text += fmt::format("{}{}{}\n", counted(total(report.ends), "hold"),
                      report.ends.empty() ? "" : ": ", sums(report.ends));
  text += fmt::format("{} came to nothing{}{}\n", counted(total(report.refusals), "wait"),
                      report.refusals.empty() ? "" : ": ", sums(report.refusals));
  text += fmt::format(
      "checked: exclusion, tokens, order of tasks and time of every hold; every stored digest; all "
      "invariants {} times\nsecond opinion: {}\n",
      grouped(report.states_checked),
      report.judged_by_model == 0
          ? report.model
          : fmt::format("{} ({} entries)", report.model, grouped(report.judged_by_model)));
  for (const Breach& breach : report.breaches) {
    text +=
        fmt::format("{}  index {}: {}\n", breach.promise, breach.index, printable(breach.sentence));
  }
  if (report.breach_count > report.breaches.size()) {
    text += fmt::format("and {} more\n", grouped(report.breach_count - report.breaches.size()));
  }
  if (!report.damage.empty()) text += printable_lines(report.damage) + '\n';
  return text + (report.is_good() ? "good\n" : "NOT GOOD\n");
}

// --- for programs

namespace {

Json json_of(const Moment& moment) {
  return {{"index", moment.index},
          {"cluster_us", moment.at.us()},
          {"wall", exact_moment_text(moment.wall)},
          {"wall_us", moment.wall.us()}};
}

Json json_of(const Asker& asker) {
  Json json = {{"kind", kind_of(asker.space)}};
  if (asker.space == state::Space::Task || asker.space == state::Space::Result) {
    const auto [flow, task] = state::split_task_key(asker.keys.front().key);
    json["flow"] = flow;
    json["task"] = task;
  } else {
    json["keys"] = Json::array();
    for (const command::KeyMode& key : asker.keys) {
      json["keys"].push_back({{"key", key.key}, {"shared", key.shared}});
    }
  }
  json["user"] = asker.user;
  json["session"] = asker.session == 0 ? Json() : Json(asker.session);
  json["name"] = asker.name;
  json["connection"] = asker.connection;
  json["priority"] = asker.priority;
  if (asker.space == state::Space::Semaphore) json["permits"] = asker.permits;
  json["owner"] = asker.owner;
  json["note"] = asker.note;
  return json;
}

Json json_of(const Hold& hold) {
  Json json = {{"type", "hold"}, {"token", hold.token}};
  json.update(json_of(static_cast<const Asker&>(hold)));
  json["upgraded_from"] = hold.before == 0 ? Json() : Json(hold.before);
  json["granted"] = json_of(hold.granted);
  json["waited_us"] = hold.waited ? Json(hold.waited->us()) : Json();
  json["asked_to_leave"] = Json();
  if (hold.warning) {
    json["asked_to_leave"] = json_of(hold.warning->moment);
    json["asked_to_leave"]["by"] = hold.warning->by;
  }
  json["ended"] = Json();
  if (hold.end) {
    json["ended"] = json_of(hold.end->moment);
    json["ended"].update({{"cause", hold.end->cause},
                          {"by", hold.end->by},
                          {"reason", hold.end->reason},
                          {"shut", hold.end->shuts}});
  }
  return json;
}

Json json_of(const Refusal& refusal) {
  Json json = {{"type", "refusal"}};
  json.update(json_of(static_cast<const Asker&>(refusal)));
  json["asked"] = json_of(refusal.asked);
  json["refused"] = json_of(refusal.refused);
  json["code"] = refusal.code;
  json["sentence"] = refusal.sentence;
  return json;
}

}  // namespace

std::string audit_json(const AuditRow& row) {
  return to_line(std::visit([](const auto& item) { return json_of(item); }, row));
}

std::string audit_json(const AuditReport& report) {
  Json json = {{"type", "report"},
               {"good", report.is_good()},
               {"entries", report.entries},
               {"first", report.first ? json_of(*report.first) : Json()},
               {"last", report.last ? json_of(*report.last) : Json()},
               {"snapshot_index", report.from_snapshot == 0 ? Json() : Json(report.from_snapshot)},
               {"holds", report.ends},
               {"refusals", report.refusals},
               {"states_checked", report.states_checked},
               {"model", report.model},
               {"judged_by_model", report.judged_by_model},
               {"breach_count", report.breach_count},
               {"breaches", Json::array()},
               {"damage", report.damage.empty() ? Json() : Json(report.damage)}};
  for (const Breach& breach : report.breaches) {
    json["breaches"].push_back(
        {{"promise", breach.promise}, {"index", breach.index}, {"sentence", breach.sentence}});
  }
  return to_line(json);
}

}  // namespace cli
