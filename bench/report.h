// All rounds of all workloads as one table for people, or as JSON for programs.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "server_process.h"
#include "workloads.h"

namespace bench {

/// Collects outcomes and writes them. Not thread-safe.
class Report {
 public:
  /// Adds one round. The rows keep the order in which workloads were first added.
  void add(const Workload& workload, JournalKind journal, const Outcome& outcome);

  /// One row a figure: median, least and greatest over the rounds, with the file and with the
  /// memory journal, and how the medians compare. Ends with a newline.
  std::string table() const;

  /// An array of the same rows, with the value of every round. Ends with a newline.
  std::string json() const;

 private:
  struct Row {
    std::string workload;
    std::string figure;
    std::map<JournalKind, std::vector<double>> rounds;
  };

  Row& row(const std::string& workload, const std::string& figure);

  std::vector<Row> rows_;
};

}  // namespace bench
