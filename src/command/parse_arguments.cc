// Reading arguments, and the sentences for all that can be wrong with them.
#include "command/parse_arguments.h"

#include <fmt/format.h>

#include <array>

#include "command/quote.h"

namespace command {

std::optional<std::int64_t> whole_number(std::string_view text, std::int64_t min,
                                         std::int64_t max) {
  constexpr std::size_t kDigitsMax = 18;  // any such number fits
  if (text.empty() || text.size() > kDigitsMax) return std::nullopt;
  if (text.front() == '0' && text.size() > 1) return std::nullopt;
  std::int64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  if (value < min || value > max) return std::nullopt;
  return value;
}

namespace {

constexpr std::array<std::string_view, kOptionCount> kWords = {
    "SHARED",   "AND",     "AFTER",      "AGENT",    "AS",       "ASYNC",   "ATTEMPTS", "AUTH",
    "AUTO",     "BACKOFF", "CHECKPOINT", "COUNT",    "DEADLINE", "DELAY",   "FLOWS",    "IFWITHIN",
    "INPUT",    "LEASE",   "LIMIT",      "MAX",      "NAME",     "NOTE",    "ONCLOSE",  "ONDEAD",
    "ONDEATH",  "ONLOSS",  "OWNER",      "PARTIES",  "PAYLOAD",  "PERMITS", "PREEMPT",  "PREFIX",
    "PRIORITY", "REASON",  "REQUEST",    "RESOLVED", "RETRY",    "SESSION", "SETNAME",  "STATE",
    "TIMEOUT",  "TTL",     "WAIT",       "WHEN",
};
static_assert(!kWords.back().empty());

constexpr std::size_t kLetters = 26;

/// The options in the order of their first letters, and where each letter begins.
struct ByLetter {
  std::array<std::uint8_t, kOptionCount> options{};
  std::array<std::uint8_t, kLetters + 1> begin{};
};

constexpr ByLetter order_by_letter() {
  ByLetter order;
  std::uint8_t count = 0;
  for (std::size_t letter = 0; letter < kLetters; ++letter) {
    order.begin[letter] = count;
    for (std::size_t i = 0; i < kOptionCount; ++i) {
      if (kWords[i].front() == static_cast<char>('A' + letter)) {
        order.options[count++] = static_cast<std::uint8_t>(i);
      }
    }
  }
  order.begin[kLetters] = count;
  return order;
}

constexpr ByLetter kByLetter = order_by_letter();
static_assert(kByLetter.begin[kLetters] == kOptionCount);

std::optional<Option> find_option(std::string_view word) {
  if (word.empty()) return std::nullopt;
  // Bit 5 is what tells small letters from capitals.
  const auto letter = static_cast<std::size_t>((word.front() & ~0x20) - 'A');
  if (letter >= kLetters) return std::nullopt;
  for (std::size_t i = kByLetter.begin[letter]; i < kByLetter.begin[letter + 1]; ++i) {
    const std::uint8_t option = kByLetter.options[i];
    if (is_word(word, kWords[option])) return static_cast<Option>(option);
  }
  return std::nullopt;
}

}  // namespace

std::string_view option_word(Option option) { return kWords[static_cast<std::size_t>(option)]; }

Arguments::Arguments(const CommandSpec& spec, std::span<const std::string_view> args,
                     const Limits& limits, Envelope& envelope)
    : spec_(spec), rest_(args), limits_(limits), envelope_(envelope) {}

bool Arguments::has_more() const {
  if (rest_.empty()) return false;
  const bool is_session = rest_.size() == 3 && spec_.options.contains(Option::Session) &&
                          is_word(rest_.front(), option_word(Option::Session));
  return !is_session;
}

// --- values

std::string_view Arguments::next(std::string_view what) {
  if (rest_.empty()) {
    if (!refused_) {
      refuse(Code::Malformed, fmt::format("{} is missing; use {}", what, spec_.syntax));
    }
    return {};
  }
  const std::string_view word = rest_.front();
  rest_ = rest_.subspan(1);
  return word;
}

std::string_view Arguments::sized(std::string_view what, std::int64_t min, std::int64_t max,
                                  std::string_view limit_name) {
  const std::string_view bytes = next(what);
  if (refused_) return {};
  const auto size = static_cast<std::int64_t>(bytes.size());
  if (size < min) {
    refuse(Code::Malformed, fmt::format("{} must not be empty; use {}", what, spec_.syntax));
    return {};
  }
  if (size > max) {
    refuse(Code::Limit,
           fmt::format("{} has {} bytes; the limit {} is {}", what, size, limit_name, max));
    return {};
  }
  return bytes;
}

std::string_view Arguments::name(std::string_view what) {
  return sized(what, 1, limits_.name_bytes, "name_bytes");
}

std::string_view Arguments::name_or_empty(std::string_view what) {
  return sized(what, 0, limits_.name_bytes, "name_bytes");
}

std::string_view Arguments::note(std::string_view what) {
  return sized(what, 0, limits_.note_bytes, "note_bytes");
}

std::string_view Arguments::value(std::string_view what) {
  return sized(what, 0, limits_.value_bytes, "value_bytes");
}

std::string_view Arguments::reason(std::string_view what) {
  return sized(what, 0, limits_.reason_bytes, "reason_bytes");
}

std::string_view Arguments::payload(std::string_view what) {
  return sized(what, 0, limits_.payload_bytes, "payload_bytes");
}

std::string_view Arguments::ticket(std::string_view what) {
  return sized(what, 1, limits_.ticket_bytes, "ticket_bytes");
}

std::string_view Arguments::secret(std::string_view what) {
  return sized(what, 1, limits_.name_bytes, "name_bytes");
}

std::string_view Arguments::text(std::string_view what) { return next(what); }

std::int64_t Arguments::number(std::string_view what, std::int64_t min, std::int64_t max) {
  const std::string_view given = next(what);
  if (refused_) return 0;
  const auto value = whole_number(given, min, max);
  if (!value) refuse_number(what, "", min, max, given);
  return value.value_or(0);
}

std::uint64_t Arguments::id(std::string_view what) {
  return static_cast<std::uint64_t>(number(what, 1, kNumberMax));
}

base::Duration Arguments::milliseconds(std::string_view what, std::int64_t min_ms,
                                       std::int64_t max_ms) {
  const std::string_view given = next(what);
  if (refused_) return {};
  const auto value = whole_number(given, min_ms, max_ms);
  if (!value) refuse_number(what, " of milliseconds", min_ms, max_ms, given);
  return base::Duration::from_ms(value.value_or(0));
}

std::size_t Arguments::choice(std::string_view what,
                              std::initializer_list<std::string_view> words) {
  const std::string_view given = next(what);
  if (refused_) return 0;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (is_word(given, words.begin()[i])) return i;
  }
  refuse(Code::Malformed,
         fmt::format("{} must be {}, not {}", what, fmt::join(words, " or "), quoted(given)));
  return 0;
}

std::uint64_t Arguments::session_id() {
  const std::string_view given = next("the session's id");
  if (refused_) return 0;
  const auto value = whole_number(given, 1, kNumberMax);
  if (!value) {
    refuse(Code::Malformed,
           fmt::format("a session's id must be a whole number from 1 to {}, and its secret comes "
                       "after it",
                       kNumberMax));
  }
  return static_cast<std::uint64_t>(value.value_or(0));
}

// --- options

bool Arguments::is_at_option() const {
  if (rest_.empty()) return false;
  const auto option = find_option(rest_.front());
  return option && spec_.options.contains(*option);
}

bool Arguments::take(Option option) {
  if (rest_.empty() || !is_word(rest_.front(), option_word(option))) return false;
  rest_ = rest_.subspan(1);
  return true;
}

std::optional<Option> Arguments::next_known_option() {
  while (!rest_.empty()) {
    const auto option = find_option(rest_.front());
    if (!option || !spec_.options.contains(*option)) break;
    next("an option");
    if (enter(*option) && !read_envelope(*option)) return option;
  }
  return std::nullopt;
}

std::optional<Option> Arguments::next_option() {
  const auto option = next_known_option();
  if (!option && !rest_.empty()) refuse_option(rest_.front());
  return option;
}

namespace {

bool is_flag(Option option) {
  return option == Option::Resolved || option == Option::Retry || option == Option::Auto;
}

}  // namespace

/// Whether the option may stand here: once, after the keys, and with a value.
bool Arguments::enter(Option option) {
  const std::string_view word = option_word(option);
  if (option == Option::Shared || option == Option::And) {
    refuse(Code::Malformed, fmt::format("{} belongs to the keys and stands before the options; "
                                        "use {}",
                                        word, spec_.syntax));
  } else if (seen_.contains(option)) {
    refuse(Code::Malformed, fmt::format("{} is given twice", word));
  } else if (rest_.empty() && !is_flag(option)) {
    refuse(Code::Malformed, fmt::format("{} needs a value; use {}", word, spec_.syntax));
  }
  seen_.insert(option);
  return !refused_;
}

/// Whether the option was one of the envelope's.
bool Arguments::read_envelope(Option option) {
  switch (option) {
    case Option::Request: envelope_.request = id("REQUEST"); return true;
    case Option::Async: envelope_.ticket = ticket("ASYNC"); return true;
    case Option::Session:
      envelope_.session = session_id();
      envelope_.secret = secret("the session's secret");
      return true;
    default: return false;
  }
}

void Arguments::finish() {
  if (const auto option = next_option()) refuse_option(option_word(*option));
}

// --- refusing

void Arguments::refuse(Code code, std::string sentence) {
  if (!refused_) refused_ = Refused{code, std::move(sentence)};
  rest_ = {};
}

void Arguments::refuse_missing(Option option) {
  refuse(Code::Malformed, fmt::format("{} is required; use {}", option_word(option), spec_.syntax));
}

void Arguments::refuse_option(std::string_view word) {
  refuse(Code::Malformed,
         fmt::format("{} has no option {}; use {}", spec_.name, quoted(word), spec_.syntax));
}

void Arguments::refuse_number(std::string_view what, std::string_view unit, std::int64_t min,
                              std::int64_t max, std::string_view given) {
  refuse(Code::Malformed, fmt::format("{} must be a whole number{} from {} to {}, not {}", what,
                                      unit, min, max, quoted(given)));
}

}  // namespace command
