// turnstile-bench-compare: one measurement of one system that runs already. compare.py starts the
// systems, calls this for each measurement in turn, and makes the tables.
#include <fmt/format.h>
#include <getopt.h>

#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

#include "bare_server.h"
#include "systems.h"
#include "workloads.h"

namespace bench {
namespace {

constexpr int kViolation = 1;
constexpr int kUsage = 64;
constexpr int kFailed = 70;

constexpr std::string_view kHelp =
    "turnstile-bench-compare locks|pipelined|rings --system NAME --port N [OPTION...]\n\n"
    "Measures a system that listens on 127.0.0.1 and prints the figures as a JSON object.\n"
    "./dev bench compare starts the systems and calls this.\n\n"
    "turnstile-bench-compare bare --port N [--folder DIR]\n\n"
    "Is such a system itself: a lock server with a sync and no features (bare_server.h). Without "
    "a\n"
    "folder it has no sync either.\n\n"
    "  --pid N         of the system, for its processor time; default: none is told\n"
    "  --workers N     default 1; of rings, their number\n"
    "  --keys N        that the workers share; default 0: each has its own\n"
    "  --ms N          how long to measure; default 2000\n"
    "  --folder DIR    where the processes of rings leave their records\n"
    "  --name TEXT     in the names of the rings, so that no two runs share one\n\n"
    "Exit status 1 if two workers held the same key, or a ring lost its order.\n";

struct Arguments {
  std::string verb;
  std::string system;
  std::uint16_t port = 0;
  pid_t pid = 0;
  int workers = 1;
  int keys = 0;
  int ms = 2000;
  std::string folder;
  std::string name;
};

template <class Number>
Number number_in(std::string_view text) {
  Number value = 0;
  const auto [end, error] = std::from_chars(text.begin(), text.end(), value);
  if (error != std::errc() || end != text.end() || value < 0) {
    throw std::invalid_argument(fmt::format("\"{}\" is no number that fits", text));
  }
  return value;
}

/// Throws std::invalid_argument. Ends the program if asked for help.
Arguments arguments_of(int argc, char** argv) {
  const option options[] = {
      {"system", required_argument, nullptr, 's'}, {"port", required_argument, nullptr, 'p'},
      {"pid", required_argument, nullptr, 'i'},    {"workers", required_argument, nullptr, 'w'},
      {"keys", required_argument, nullptr, 'k'},   {"ms", required_argument, nullptr, 'm'},
      {"folder", required_argument, nullptr, 'f'}, {"name", required_argument, nullptr, 'n'},
      {"help", no_argument, nullptr, 'h'},         {}};
  Arguments arguments;
  for (int found = 0; (found = getopt_long(argc, argv, "", options, nullptr)) != -1;) {
    switch (found) {
      case 's': arguments.system = optarg; break;
      case 'p': arguments.port = number_in<std::uint16_t>(optarg); break;
      case 'i': arguments.pid = number_in<pid_t>(optarg); break;
      case 'w': arguments.workers = number_in<int>(optarg); break;
      case 'k': arguments.keys = number_in<int>(optarg); break;
      case 'm': arguments.ms = number_in<int>(optarg); break;
      case 'f': arguments.folder = optarg; break;
      case 'n': arguments.name = optarg; break;
      case 'h': fmt::print("{}", kHelp); std::exit(0);
      default: throw std::invalid_argument("try --help");
    }
  }
  if (optind + 1 == argc) arguments.verb = argv[optind];
  const bool has_system = !arguments.system.empty() || arguments.verb == "bare";
  if (arguments.verb.empty() || !has_system || arguments.port == 0) {
    throw std::invalid_argument("takes a verb, --system and --port; try --help");
  }
  return arguments;
}

/// Throws std::system_error if the process has ended.
std::chrono::nanoseconds processor_time_of(pid_t pid) {
  if (pid == 0) return {};
  clockid_t clock = 0;
  timespec time{};
  if (const int error = clock_getcpuclockid(pid, &clock)) {
    throw std::system_error(error, std::generic_category(), "the system's processor time");
  }
  clock_gettime(clock, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

Outcome measure(const Arguments& arguments) {
  const std::chrono::milliseconds length(arguments.ms);
  const Reach reach{arguments.port, arguments.workers, arguments.keys};
  const ProcessorTime processor_time = [&] { return processor_time_of(arguments.pid); };
  if (arguments.verb == "locks") {
    const auto lockers = make_lockers(arguments.system, reach);
    return run({arguments.system, arguments.workers, arguments.keys}, lockers, processor_time,
               length);
  }
  if (arguments.verb == "pipelined") {
    return run_pipes(make_pipes(arguments.system, reach), processor_time, length);
  }
  if (arguments.verb == "rings") {
    const MakeBaton make = make_batons(arguments.system, arguments.port, arguments.workers);
    return run_rings({arguments.workers, arguments.name, arguments.folder, length}, make,
                     processor_time);
  }
  throw std::invalid_argument(fmt::format("there is no verb \"{}\"", arguments.verb));
}

void print(const Outcome& outcome) {
  std::string text;
  for (const Figure& figure : outcome.figures) {
    // The names are this program's own: there is nothing in them to escape.
    text += fmt::format("{}\"{}\": {}", text.empty() ? "" : ", ", figure.name, figure.value);
  }
  fmt::print("{{{}}}\n", text);
}

int run_program(int argc, char** argv) {
  try {
    const Arguments arguments = arguments_of(argc, argv);
    if (arguments.verb == "bare") serve_bare(arguments.port, arguments.folder);
    const Outcome outcome = measure(arguments);
    print(outcome);
    return outcome.violations == 0 ? 0 : kViolation;
  } catch (const std::invalid_argument& error) {
    fmt::print(stderr, "turnstile-bench-compare: {}\n", error.what());
    return kUsage;
  } catch (const std::exception& error) {
    fmt::print(stderr, "turnstile-bench-compare: {}\n", error.what());
    return kFailed;
  }
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) { return bench::run_program(argc, argv); }
