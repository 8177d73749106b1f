// Slots, as Redis Cluster counts them: which of 16,384 parts of all names a name
// is in. One leader serves all of them; clients learn where from the slot.
#pragma once

#include <cstdint>
#include <string_view>

namespace server {

inline constexpr std::uint16_t kSlotCount = 16'384;

/// CRC16 of the name, or of what stands between its first `{` and the next `}`.
std::uint16_t slot_of(std::string_view name);

}  // namespace server
