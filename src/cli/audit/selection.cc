// Each condition by itself; all must be met.
#include "cli/audit/selection.h"

#include <algorithm>
#include <string_view>

#include "state/flows.h"

namespace cli {
namespace {

bool is_of_flow(const Asker& asker) {
  return asker.space == state::Space::Task || asker.space == state::Space::Result;
}

std::string_view flow_of(const Asker& asker) {
  return state::split_task_key(asker.keys.front().key).first;
}

template <class Predicate>
bool any_name(const Asker& asker, Predicate&& is_meant) {
  if (is_of_flow(asker)) return is_meant(flow_of(asker));
  return std::ranges::any_of(asker.keys, [&](const auto& key) { return is_meant(key.key); });
}

}  // namespace

bool Selection::takes_asker(const Asker& asker) const {
  if (!flow.empty() && (!is_of_flow(asker) || flow_of(asker) != flow)) return false;
  if (!key.empty() &&
      (is_of_flow(asker) || !any_name(asker, [&](std::string_view name) { return name == key; }))) {
    return false;
  }
  if (!prefix.empty() &&
      !any_name(asker, [&](std::string_view name) { return name.starts_with(prefix); })) {
    return false;
  }
  return holder.empty() || holder == asker.name || holder == asker.user ||
         (asker.session != 0 && holder == std::to_string(asker.session));
}

bool Selection::takes(const Hold& hold) const {
  if (token != 0 && token != hold.token && token != hold.before) return false;
  if (!cause.empty() && cause != (hold.end ? hold.end->cause : "held")) return false;
  return takes_asker(hold);
}

bool Selection::takes(const Refusal& refusal) const {
  return token == 0 && (cause.empty() || cause == refusal.code) && takes_asker(refusal);
}

}  // namespace cli
