// Asking for a long list page by page.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <limits>
#include <vector>

#include "turnstile/reply.h"

namespace cli {

inline constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();
/// As many rows as the server gives at once.
inline constexpr int kPageRows = 1000;

/// All rows, at most `limit`. `fetch(last, count)` returns a page of up to `count` rows that come
/// after the row `last`, null for the first page; a page that is not full is the last.
template <class Fetch>
std::vector<turnstile::Reply> all_pages(Fetch&& fetch, std::uint64_t limit) {
  std::vector<turnstile::Reply> rows;
  while (rows.size() < limit) {
    const auto left = std::min<std::uint64_t>(limit - rows.size(), kPageRows);
    turnstile::Reply page = fetch(rows.empty() ? nullptr : &rows.back(), static_cast<int>(left));
    std::move(page.items.begin(), page.items.end(), std::back_inserter(rows));
    if (page.items.size() < left) break;
  }
  return rows;
}

}  // namespace cli
