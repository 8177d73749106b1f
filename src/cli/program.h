// The program as a whole: its subcommands, how they are chosen, how they fail.
//
// To add a subcommand: 1 a file of its name with a function that adds it; 2 its
// line in subcommands.h and in main.cc; 3 its section in docs/cli.md.
#pragma once

#include <CLI/CLI.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

/// What --help says about a subcommand.
struct Description {
  std::string name;
  std::string summary;
  std::string usage;         ///< what follows the name: `KEY... [OPTIONS]`
  std::string examples;      ///< one a line
  std::string remarks = {};  ///< paragraphs behind the examples
};

/// Lives as long as main(). Every function that takes a place to put an option's value needs that
/// place to live until run() has returned; subcommands keep theirs in a shared_ptr that their
/// action owns.
class Program {
 public:
  explicit Program(std::string_view version);

  /// A subcommand that does `action`, whose result is the exit status. An exception of the
  /// client library that leaves it is reported, with its own status.
  CLI::App& add(const Description& description, std::function<int()> action);

  /// A subcommand that only has subcommands.
  CLI::App& add_group(const Description& description);
  CLI::App& add_to(CLI::App& group, const Description& description, std::function<int()> action);

  /// From now on what stands behind the first `--` after this subcommand's name is not read as
  /// its arguments, but kept for after_dashes().
  void keep_after_dashes(const CLI::App& app) { keeping_.push_back(app.get_name()); }
  /// Nothing if there is no `--`. To be asked by actions, not before.
  const std::optional<std::vector<std::string>>& after_dashes() const { return after_dashes_; }

  /// Reads the command line, does what it says, and returns the exit status of the process.
  int run(int argc, const char* const* argv);

 private:
  void split_at_dashes(std::vector<std::string>& arguments);
  std::optional<int> refuse_unknown_subcommand(const std::vector<std::string>& arguments) const;
  int complain_about(const CLI::ParseError& error);
  int act();

  CLI::App app_;
  std::vector<std::string> keeping_;  ///< names of subcommands
  std::optional<std::vector<std::string>> after_dashes_;
  std::function<int()> action_;
};

/// --server URL or TURNSTILE_URL.
void add_server_option(CLI::App& app, std::string& url);

/// --json
void add_json_option(CLI::App& app, bool& as_json);

/// An option that takes a length of time, as parse_duration() reads it.
void add_duration_option(CLI::App& app, const std::string& name,
                         std::optional<std::chrono::milliseconds>& value, const std::string& help,
                         std::chrono::milliseconds max = std::chrono::hours(24));

}  // namespace cli
