// A few lines of named figures, as a table for people or as JSON for programs.
#pragma once

#include <string>
#include <vector>

#include "workloads.h"

namespace bench {

struct Line {
  std::string name;
  std::vector<Figure> figures;  ///< the same names in the same order in all lines
};

/// A row for each figure, a column for each line. Ends with a newline.
std::string table_of(const std::vector<Line>& lines);

/// An array of objects: name, and each figure under its own name. Ends with a newline.
std::string json_of(const std::vector<Line>& lines);

}  // namespace bench
