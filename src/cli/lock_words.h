// The words for what LOCK.INFO, LOCK.LIST and SESSION.LIST tell, the same in
// every table.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/table.h"
#include "turnstile/reply.h"

namespace cli {

/// Who holds or waits: `payout (session 12)`, or `session 12`, or `connection 3`.
std::string who(const turnstile::Reply& party);

/// The items of that key of a map; none if it has none.
const std::vector<turnstile::Reply>& items_of(const turnstile::Reply& map, std::string_view key);

/// The first holder, and how many more there are: `payout +2`.
/// Of a key that is shut, who was lost.
std::string holders_text(const turnstile::Reply& lock);

/// `held`, in the colour of its meaning.
Cell state_cell(const turnstile::Reply& lock);

/// The text, printable, of that key of a map.
std::string printable_of(const turnstile::Reply& map, std::string_view key);

/// The number of ms of that key of a map as a length of time.
std::string duration_of(const turnstile::Reply& map, std::string_view key);

}  // namespace cli
