// What is wrong with a world. The first complaint ends it.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace sim {

class Judge {
 public:
  void complain(std::string what) { complaints_.push_back(std::move(what)); }
  bool is_content() const { return complaints_.empty(); }
  const std::vector<std::string>& complaints() const { return complaints_; }

 private:
  std::vector<std::string> complaints_;
};

}  // namespace sim
