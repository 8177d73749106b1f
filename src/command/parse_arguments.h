// The arguments of one request, read from left to right.
//
// A parse function says what it expects next, and gets it. The first thing that
// is not as expected becomes the refusal; from then on nothing is left to read
// and every getter returns an empty value. So parse functions are straight
// lines: only parse() asks, once, whether all went well.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/time.h"
#include "command/errors.h"
#include "command/limits.h"
#include "command/table.h"

namespace command {

/// Ids, tokens and REQUEST numbers stay where every language's numbers are exact.
inline constexpr std::int64_t kNumberMax = (std::int64_t{1} << 53) - 1;

/// The only reading of a number there is: decimal digits, without sign, space or leading zero, and
/// from `min` to `max`, neither of them negative.
std::optional<std::int64_t> whole_number(std::string_view text, std::int64_t min, std::int64_t max);

class Arguments {
 public:
  /// `args` are those after the command's name. All references must outlive the object.
  Arguments(const CommandSpec& spec, std::span<const std::string_view> args, const Limits& limits,
            Envelope& envelope);

  const Limits& limits() const { return limits_; }

  /// Whether another argument of the command's own is there, the closing SESSION clause aside.
  bool has_more() const;

  // --- values. `what` names the value in the sentence of a refusal. Texts are parts of the
  // request and live as long as it.

  /// 1 to name_bytes bytes.
  std::string_view name(std::string_view what);
  /// 0 to name_bytes bytes.
  std::string_view name_or_empty(std::string_view what);
  /// 0 to note_bytes bytes.
  std::string_view note(std::string_view what);
  /// 0 to value_bytes bytes.
  std::string_view value(std::string_view what);
  /// 0 to reason_bytes bytes.
  std::string_view reason(std::string_view what);
  /// 0 to payload_bytes bytes.
  std::string_view payload(std::string_view what);
  /// 1 to ticket_bytes bytes.
  std::string_view ticket(std::string_view what);
  /// 1 to name_bytes bytes, which no sentence shows.
  std::string_view secret(std::string_view what);
  /// Bytes that nothing but the connection limits.
  std::string_view text(std::string_view what);
  /// From 1 to kNumberMax.
  std::uint64_t id(std::string_view what);
  std::int64_t number(std::string_view what, std::int64_t min, std::int64_t max);
  base::Duration milliseconds(std::string_view what, std::int64_t min_ms, std::int64_t max_ms);
  /// The index of the word that comes next among `words`.
  std::size_t choice(std::string_view what, std::initializer_list<std::string_view> words);
  /// An id that a secret follows: the sentence does not show it, since the two may be swapped.
  std::uint64_t session_id();

  // --- options

  /// Whether the next argument is the word of an option that the command takes.
  bool is_at_option() const;
  /// Steps over the next argument if it is this option's word.
  bool take(Option option);
  /// The next option, its value still to be read; none at the end. REQUEST, ASYNC and SESSION are
  /// read into the envelope on the way.
  std::optional<Option> next_option();
  /// The same, but none as well where something else comes next, which is then still there.
  std::optional<Option> next_known_option();

  /// Reads the envelope's options that are still there, and refuses whatever else is left.
  void finish();

  // --- refusing

  void refuse(Code code, std::string sentence);
  /// For an option that the command cannot do without.
  void refuse_missing(Option option);
  bool is_refused() const { return refused_.has_value(); }
  /// Requires is_refused().
  Refused take_refusal() { return std::move(*refused_); }

 private:
  std::string_view next(std::string_view what);
  std::string_view sized(std::string_view what, std::int64_t min, std::int64_t max,
                         std::string_view limit_name);
  bool enter(Option option);
  bool read_envelope(Option option);
  void refuse_option(std::string_view word);
  void refuse_number(std::string_view what, std::string_view unit, std::int64_t min,
                     std::int64_t max, std::string_view given);

  const CommandSpec& spec_;
  std::span<const std::string_view> rest_;
  const Limits& limits_;
  Envelope& envelope_;
  Options seen_;
  std::optional<Refused> refused_;
};

}  // namespace command
