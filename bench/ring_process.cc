// See ring_process.h.
#include "ring_process.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <stdexcept>
#include <string_view>

#include "base/hash.h"

namespace bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kResultBytes = 256;

struct Message {
  std::uint64_t number = 0;  ///< of the hand-off in its ring
  Clock::rep sent = 0;
  bool is_last = false;
};

/// The message in words, filled up to 256 bytes of which the last 16 are its digest.
std::string encode(const std::string& ring, const Message& message) {
  std::string text =
      fmt::format("{} {} {} {} ", ring, message.number, message.sent, message.is_last ? 1 : 0);
  text.resize(kResultBytes - 16, static_cast<char>('a' + message.number % 26));
  return text + fmt::format("{:016x}", base::hash64(text));
}

/// Nothing if it is not whole, or of another ring.
std::optional<Message> decode(const std::string& ring, std::string_view bytes) {
  if (bytes.size() != kResultBytes) return std::nullopt;
  const std::string_view text = bytes.substr(0, kResultBytes - 16);
  if (fmt::format("{:016x}", base::hash64(text)) != bytes.substr(kResultBytes - 16)) {
    return std::nullopt;
  }
  if (!text.starts_with(ring + " ")) return std::nullopt;
  Message message;
  int is_last = 0;
  const char* at = text.data() + ring.size() + 1;
  const char* const end = text.data() + text.size();
  at = std::from_chars(at, end, message.number).ptr + 1;
  at = std::from_chars(at, end, message.sent).ptr + 1;
  std::from_chars(at, end, is_last);
  message.is_last = is_last == 1;
  return message;
}

class RingProcess {
 public:
  RingProcess(const RingPlace& place, Baton& baton) : place_(place), baton_(baton) {}

  RingRecord run() {
    for (std::uint64_t lap = 0; !is_over_; ++lap) take_turn(lap);
    baton_.finish();
    return std::move(record_);
  }

 private:
  void take_turn(std::uint64_t lap) {
    const std::uint64_t number = lap * kRingSize + static_cast<std::uint64_t>(place_.place);
    if (number > 0) take_down(baton_.take(number - 1), number - 1);
    if (place_.place == 0 && Clock::now() >= place_.end) is_over_ = true;
    baton_.hand_on(number, encode(place_.ring, {.number = number,
                                                .sent = Clock::now().time_since_epoch().count(),
                                                .is_last = is_over_}));
  }

  void take_down(const std::string& result, std::uint64_t number) {
    const auto now = Clock::now();
    const std::optional<Message> message = decode(place_.ring, result);
    ++record_.handed_count;
    if (!message || message->number != number) {
      ++record_.violations;
      if (!message) throw std::runtime_error("a result is not what was handed on");
    }
    record_.last_number = message->number;
    is_over_ = message->is_last;
    const Clock::time_point sent{Clock::duration(message->sent)};
    if (now >= place_.begin && now < place_.end) record_.hand_offs.push_back(now - sent);
  }

  RingPlace place_;
  Baton& baton_;
  RingRecord record_;
  bool is_over_ = false;
};

}  // namespace

RingRecord run_ring_process(const RingPlace& place, Baton& baton) {
  return RingProcess(place, baton).run();
}

}  // namespace bench
