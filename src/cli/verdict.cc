// The report of a verification, for people and for programs.
#include "cli/verdict.h"

#include <fmt/format.h>

#include <string_view>

#include "cli/json.h"
#include "cli/text.h"
#include "cli/time_text.h"

namespace cli {
namespace {

using journal::SnapshotCheck;
using journal::VerifyReport;

template <class Bytes>
std::string hex(const Bytes& bytes) {
  std::string out;
  for (const std::uint8_t byte : bytes) out += fmt::format("{:02x}", byte);
  return out;
}

std::string fact(std::string_view name, std::string_view value) {
  return fmt::format("{:<14}{}\n", name, value);
}

std::string entries_text(const VerifyReport& report) {
  if (report.entries == 0) return "0";
  return fmt::format("{}, index {} to {}", grouped(report.entries), report.first_index,
                     report.last_index);
}

std::string torn_text(const VerifyReport& report) {
  if (!report.torn) return "none";
  return fmt::format(
      "{} at offset {}, {} with at most {}: never acknowledged, the next start cuts "
      "it off",
      report.last_file, report.torn->offset, counted(report.torn->size_bytes, "byte"),
      counted(report.torn->records_at_most, "record"));
}

std::string snapshots_text(const VerifyReport& report) {
  std::string out;
  for (const SnapshotCheck& snapshot : report.snapshots) {
    const std::string state = snapshot.error.empty() ? counted(snapshot.bytes, "byte")
                                                     : "BAD: " + printable(snapshot.error);
    out += fact("snapshot", fmt::format("index {}, {}", snapshot.index, state));
  }
  return out.empty() ? fact("snapshots", "none") : out;
}

std::string damage_text(const journal::Damage& damage) {
  return fmt::format("{} at offset {}, index {}: {}", damage.file, damage.offset, damage.index,
                     damage.what);
}

std::string state_text(const Verdict& verdict) {
  if (verdict.report.damage) return "not replayed";
  if (!verdict.state_error.empty()) return "DIFFERS: " + printable(verdict.state_error);
  return fmt::format(
      "replayed {}; every stored digest agrees; {}, {}, {}",
      verdict.replayed_entries == 1 ? "1 entry" : grouped(verdict.replayed_entries) + " entries",
      counted(verdict.sessions, "session"), counted(verdict.grants, "grant"),
      counted(verdict.waiters, "waiter"));
}

Json damage_json(const VerifyReport& report) {
  if (!report.damage) return nullptr;
  return {{"file", report.damage->file},
          {"offset", report.damage->offset},
          {"index", report.damage->index},
          {"what", report.damage->what}};
}

Json torn_json(const VerifyReport& report) {
  if (!report.torn) return nullptr;
  return {{"file", report.last_file},
          {"offset", report.torn->offset},
          {"bytes", report.torn->size_bytes},
          {"records_at_most", report.torn->records_at_most}};
}

Json snapshots_json(const VerifyReport& report) {
  Json list = Json::array();
  for (const SnapshotCheck& snapshot : report.snapshots) {
    Json json{{"index", snapshot.index}, {"bytes", snapshot.bytes}};
    json["error"] = snapshot.error.empty() ? Json() : Json(snapshot.error);
    list.push_back(std::move(json));
  }
  return list;
}

Json state_json(const Verdict& verdict) {
  if (verdict.report.damage) return nullptr;
  Json json{{"replayed", verdict.replayed_entries}};
  json["error"] = verdict.state_error.empty() ? Json() : Json(verdict.state_error);
  json["sessions"] = verdict.sessions;
  json["grants"] = verdict.grants;
  json["waiters"] = verdict.waiters;
  return json;
}

}  // namespace

std::string verdict_text(const Verdict& verdict) {
  const VerifyReport& report = verdict.report;
  std::string out;
  if (report.data_id) out += fact("data id", hex(*report.data_id));
  out += fact("segments", grouped(report.segments));
  out += fact("batches", grouped(report.batches));
  out += fact("entries", entries_text(report));
  out += snapshots_text(report);
  out += fact("cluster time", duration_text(report.mark.us() / 1000));
  out += fact("torn tail", torn_text(report));
  out += fact("chain head", hex(report.end.chain));
  out += fact("state", state_text(verdict));
  if (report.damage) out += fact("damage", damage_text(*report.damage));
  return out + fact("verdict", verdict.is_good() ? "good" : "CORRUPT");
}

std::string verdict_json(const Verdict& verdict) {
  const VerifyReport& report = verdict.report;
  Json json;
  json["good"] = verdict.is_good();
  json["data_id"] = report.data_id ? Json(hex(*report.data_id)) : Json();
  json["segments"] = report.segments;
  json["batches"] = report.batches;
  json["entries"] = report.entries;
  json["first_index"] = report.first_index;
  json["last_index"] = report.last_index;
  json["snapshots"] = snapshots_json(report);
  json["cluster_us"] = report.mark.us();
  json["torn_tail"] = torn_json(report);
  json["chain_head"] = hex(report.end.chain);
  json["state"] = state_json(verdict);
  json["damage"] = damage_json(report);
  return to_lines(json);
}

}  // namespace cli
