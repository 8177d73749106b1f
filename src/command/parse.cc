// The frame around the parse functions: which command, how many arguments, and
// whether all of them were understood.
#include "command/parse.h"

#include <fmt/format.h>

#include "command/parse_arguments.h"
#include "command/quote.h"
#include "command/table.h"

namespace command {
namespace {

std::size_t max_args(const CommandSpec& spec) {
  const auto length = [&](Option option, std::size_t words) {
    return spec.options.contains(option) ? words : 0;
  };
  return spec.max_args + length(Option::Request, 2) + length(Option::Async, 2) +
         length(Option::Session, 3);
}

/// In the words of Redis, which clients look for.
Refused unknown_command(std::span<const std::string_view> argv) {
  if (argv.empty()) return {Code::Malformed, "empty request; it must begin with a command"};
  std::string sentence =
      is_container(argv[0]) && argv.size() > 1
          ? fmt::format("unknown subcommand {} of {}", quoted(argv[1], '\''), quoted(argv[0], '\''))
          : fmt::format("unknown command {}", quoted(argv[0], '\''));
  if (is_word(argv[0], "CLIENT") && argv.size() == 1) {
    sentence =
        "wrong number of arguments for 'client' command; use CLIENT "
        "ID|SETNAME|GETNAME|SETINFO|INDEX";
  } else if (is_word(argv[0], "CLUSTER") && argv.size() == 1) {
    sentence =
        "wrong number of arguments for 'cluster' command; use CLUSTER "
        "SLOTS|SHARDS|MYID|INFO|EPOCH";
  } else if (const CommandSpec* similar = find_similar(argv)) {
    sentence += fmt::format("; did you mean {}?", similar->name);
  } else {
    sentence += "; COMMAND LIST tells all there are";
  }
  return {Code::Malformed, std::move(sentence)};
}

Refused wrong_arity(const CommandSpec& spec) {
  return {Code::Malformed, fmt::format("wrong number of arguments for '{}' command; use {}",
                                       redis_name(spec), spec.syntax)};
}

}  // namespace

std::expected<Request, Refused> parse(std::span<const std::string_view> argv,
                                      const Limits& limits) {
  const CommandSpec* spec = find(argv);
  if (spec == nullptr) return std::unexpected(unknown_command(argv));
  const auto args = argv.subspan(spec->word_count());
  if (args.size() < spec->min_args || args.size() > max_args(*spec)) {
    return std::unexpected(wrong_arity(*spec));
  }

  Envelope envelope;
  Arguments arguments(*spec, args, limits, envelope);
  Request request{spec->parse(arguments), {}};
  arguments.finish();
  if (arguments.is_refused()) return std::unexpected(arguments.take_refusal());
  request.envelope = std::move(envelope);
  return request;
}

}  // namespace command
