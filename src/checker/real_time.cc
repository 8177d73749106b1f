// The sweep itself is Reading's; here its result is judged.
#include "checker/real_time.h"

#include <fmt/format.h>

#include <algorithm>

namespace checker {

void check_real_time(const Reading& reading, Report& report) {
  for (Place i = 0; i < reading.history.size(); ++i) {
    const Operation& operation = reading.history[i];
    if (!operation.is_answered()) continue;
    for (const std::uint64_t index : {operation.queued_index, operation.index}) {
      if (index == 0) continue;
      ++report.ordered;
      if (index >= reading.floor[i]) continue;
      report.add({"order",
                  fmt::format("it depends on index {}, and was asked for after an answer of "
                              "index {} had come",
                              index, reading.floor[i]),
                  {reading.floor_of[i], i},
                  index});
    }
  }
}

}  // namespace checker
