// What the driver of the second act looks at in the database while the workers write it, and
// what it puts there itself, for the proofs.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "sqlite.h"
#include "step_process.h"

namespace payments {

class CardWatch {
 public:
  explicit CardWatch(const std::filesystem::path& database)
      : database_(database, sqlite::Database::Mode::Open) {}

  /// How many steps have had their effect: of that name, or of all.
  std::int64_t count(const std::string& step);
  std::int64_t count_all();

  struct Takeover {
    std::uint64_t token = 0;
    int worker = 0;
  };
  /// The attempt that came to the database with a greater token than this one, if any has.
  std::optional<Takeover> takeover_of(const Standing& standing);

  bool is_refused(const Standing& standing);

  void record_fault(const char* kind, int worker, const Standing& standing);
  void record_flows(std::int64_t declared, std::int64_t unfinished, std::int64_t dead);

 private:
  sqlite::Database database_;
};

}  // namespace payments
