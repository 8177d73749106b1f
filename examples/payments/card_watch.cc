// See card_watch.h.
#include "card_watch.h"

namespace payments {
namespace {

std::int64_t token_of(const Standing& standing) {
  return static_cast<std::int64_t>(standing.token);
}

std::int64_t integer_of(sqlite::Statement& statement) {
  statement.step();
  const std::int64_t found = statement.integer(0);
  statement.run();
  return found;
}

}  // namespace

std::int64_t CardWatch::count(const std::string& step) {
  auto count = database_.prepare("SELECT count(*) FROM effects WHERE step = ?");
  return integer_of(count.bind(step));
}

std::int64_t CardWatch::count_all() {
  auto count = database_.prepare("SELECT coalesce(max(seq), 0) FROM effects");
  return integer_of(count);
}

std::optional<CardWatch::Takeover> CardWatch::takeover_of(const Standing& standing) {
  auto find = database_.prepare(
      "SELECT token, worker FROM attempts "
      "WHERE payment = ? AND step = ? AND token > ?");
  if (!find.bind(standing.payment, standing.step, token_of(standing)).step()) return std::nullopt;
  return Takeover{.token = static_cast<std::uint64_t>(find.integer(0)),
                  .worker = static_cast<int>(find.integer(1))};
}

bool CardWatch::is_refused(const Standing& standing) {
  auto find = database_.prepare(
      "SELECT 1 FROM refused "
      "WHERE payment = ? AND step = ? AND token = ?");
  return find.bind(standing.payment, standing.step, token_of(standing)).step();
}

void CardWatch::record_fault(const char* kind, int worker, const Standing& standing) {
  database_.prepare("INSERT INTO faults VALUES (?, ?, ?, ?, ?)")
      .bind(kind, worker, standing.payment, standing.step, token_of(standing))
      .run();
}

void CardWatch::record_flows(std::int64_t declared, std::int64_t unfinished, std::int64_t dead) {
  database_.prepare("INSERT INTO flows VALUES (?, ?, ?)").bind(declared, unfinished, dead).run();
}

}  // namespace payments
