// One question at a time, so that a member that is dead holds up nobody.
#include "journal/etcd/leading_member.h"

#include <algorithm>

namespace journal::etcd {
namespace {

constexpr base::Duration kAskFor = base::Duration::from_ms(200);

}  // namespace

void LeadingMember::look(Client& client) {
  if (client.member_count() == 1) return;
  ids_.resize(client.member_count());
  const std::size_t asked = next_;
  next_ = (next_ + 1) % ids_.size();
  const auto status = client.status_of(asked, kAskFor);
  if (!status) return;
  ids_[asked] = status->member;
  // One that the others cannot reach may believe in a leader of the past.
  if (status->leader == 0 || status->term < term_) return;
  term_ = status->term;
  const auto it = std::ranges::find(ids_, status->leader);
  if (it != ids_.end()) place_ = static_cast<std::size_t>(it - ids_.begin());
}

std::optional<std::size_t> LeadingMember::place() const {
  const std::size_t place = place_;
  return place == kUnknown ? std::nullopt : std::optional(place);
}

}  // namespace journal::etcd
