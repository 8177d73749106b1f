// Choosing and running a subcommand.
#include "cli/program.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <system_error>
#include <utility>

#include "cli/exit_status.h"
#include "cli/text.h"
#include "cli/time_text.h"
#include "turnstile/error.h"

namespace cli {
namespace {

constexpr const char* kDefaultUrl = "turnstile://127.0.0.1:7420";
constexpr std::size_t kHelpColumn = 26;

std::vector<std::string> names_of_subcommands(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* sub : app.get_subcommands({})) names.push_back(sub->get_name());
  return names;
}

/// "turnstile journal verify", for messages.
std::string full_name(const CLI::App& app) {
  const CLI::App* parent = app.get_parent();
  return parent == nullptr ? app.get_name() : full_name(*parent) + " " + app.get_name();
}

/// The innermost subcommand that was named.
const CLI::App& chosen(const CLI::App& app) {
  const auto subs = app.get_subcommands();
  return subs.empty() ? app : chosen(*subs.front());
}

/// Help with a usage line of our own, since CLI11's knows nothing of `--`, and with nothing behind
/// an option but the kind of its value.
class HelpFormatter : public CLI::Formatter {
 public:
  explicit HelpFormatter(std::string usage) : usage_(std::move(usage)) {
    column_width(kHelpColumn);
    label("Positionals", "Arguments");
  }

  std::string make_usage(const CLI::App* app, std::string /*name*/) const override {
    return fmt::format("\nUsage: {} {}\n", full_name(*app), usage_);
  }

  std::string make_option_opts(const CLI::Option* option) const override {
    const bool is_named = option->nonpositional() && option->get_type_size() != 0;
    return is_named ? " " + option->get_type_name() : "";
  }

 private:
  std::string usage_;
};

std::string footer_of(const Description& description) {
  std::string footer = "Examples:\n";
  for (const std::string& line : CLI::detail::split(description.examples, '\n')) {
    footer += "  " + line + "\n";
  }
  if (!description.remarks.empty()) footer += "\n" + description.remarks + "\n";
  return footer + "\n" + exit_status_table();
}

void describe(CLI::App& app, const Description& description) {
  app.description(description.summary);
  app.set_help_flag("-h,--help", "Prints this");
  app.formatter(std::make_shared<HelpFormatter>(description.usage));
  app.footer(footer_of(description));
}

int complain_about_usage(const std::string& sentence, const CLI::App& where) {
  return complain(fmt::format("{}\nTry '{} --help'.", sentence, full_name(where)),
                  ExitStatus::Usage);
}

}  // namespace

Program::Program(std::string_view version) : app_("", "turnstile") {
  describe(app_, {.name = "turnstile",
                  .summary = "Turnstile, a lock service for payments.",
                  .usage = "SUBCOMMAND ...",
                  .examples = "turnstile serve --data /var/lib/turnstile\n"
                              "turnstile lock account/7 -- ./pay.sh\n"
                              "turnstile ls account/\n"
                              "turnstile lock --help"});
  app_.set_version_flag("--version", fmt::format("turnstile {}", version), "Prints the version");
}

CLI::App& Program::add(const Description& description, std::function<int()> action) {
  return add_to(app_, description, std::move(action));
}

CLI::App& Program::add_group(const Description& description) {
  CLI::App& group = *app_.add_subcommand(description.name);
  describe(group, description);
  group.require_subcommand(1);
  return group;
}

CLI::App& Program::add_to(CLI::App& group, const Description& description,
                          std::function<int()> action) {
  CLI::App& app = *group.add_subcommand(description.name);
  describe(app, description);
  // CLI11 calls back while it still parses; what takes long begins when it is done.
  app.callback([this, action = std::move(action)] { action_ = action; });
  return app;
}

void Program::split_at_dashes(std::vector<std::string>& arguments) {
  if (arguments.empty() || std::ranges::find(keeping_, arguments.front()) == keeping_.end()) return;
  const auto dashes = std::ranges::find(arguments, "--");
  if (dashes == arguments.end()) return;
  after_dashes_.emplace(dashes + 1, arguments.end());
  arguments.erase(dashes, arguments.end());
}

std::optional<int> Program::refuse_unknown_subcommand(
    const std::vector<std::string>& arguments) const {
  const CLI::App* app = &app_;
  for (const std::string& word : arguments) {
    const std::vector<std::string> names = names_of_subcommands(*app);
    if (names.empty() || word.starts_with('-')) return std::nullopt;
    if (std::find(names.begin(), names.end(), word) != names.end()) {
      app = app->get_subcommand(word);
      continue;
    }
    const std::string meant = nearest(word, names);
    const std::string hint = meant.empty() ? "" : fmt::format("; did you mean '{}'?", meant);
    return complain_about_usage(fmt::format("there is no '{} {}'{}", full_name(*app), word, hint),
                                *app);
  }
  return std::nullopt;
}

int Program::complain_about(const CLI::ParseError& error) {
  if (error.get_exit_code() == 0) return app_.exit(error);  // --help, --version
  return complain_about_usage(error.what(), chosen(app_));
}

int Program::act() {
  try {
    const int status = action_();
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return status;
    return complain("cannot write to the standard output", ExitStatus::Io);
  } catch (const turnstile::Error& error) {
    return complain(error);
  } catch (const std::system_error& error) {
    return complain(error.what(), ExitStatus::Io);
  } catch (const std::exception& error) {
    return complain(error.what(), ExitStatus::Internal);
  }
}

int Program::run(int argc, const char* const* argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  split_at_dashes(arguments);
  if (const std::optional<int> status = refuse_unknown_subcommand(arguments)) return *status;
  if (arguments.empty()) {
    return complain_about_usage(
        "say what to do: " + fmt::format("{}", fmt::join(names_of_subcommands(app_), ", ")), app_);
  }
  try {
    std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
    app_.parse(arguments);
  } catch (const CLI::ParseError& error) {
    return complain_about(error);
  }
  return act();
}

void add_server_option(CLI::App& app, std::string& url) {
  url = kDefaultUrl;
  app.add_option("--server", url,
                 "turnstile://HOST:PORT, several after commas, or unix:PATH; without it\n"
                 "TURNSTILE_URL, or turnstile://127.0.0.1:7420")
      ->type_name("URL")
      ->envname("TURNSTILE_URL");
}

void add_json_option(CLI::App& app, bool& as_json) {
  app.add_flag("--json", as_json, "Prints JSON, for programs");
}

void add_duration_option(CLI::App& app, const std::string& name,
                         std::optional<std::chrono::milliseconds>& value, const std::string& help,
                         std::chrono::milliseconds max) {
  const auto read = [name, &value, max](const std::string& text) {
    const auto duration = parse_duration(text, max);
    if (!duration) throw CLI::ValidationError(name, duration.error().message);
    value = *duration;
  };
  app.add_option_function<std::string>(name, read, help)->type_name("TIME");
}

}  // namespace cli
