// turnstile-bench: how fast locks are given and handed on, and tasks, with the journal on disk and
// in memory. It starts its own servers and ends them. The two journals take turns within
// each round, so that what else the machine does falls on both alike.
#include <fmt/format.h>
#include <getopt.h>
#include <sys/vfs.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "expected.h"
#include "growth.h"
#include "report.h"
#include "rings.h"
#include "server_process.h"
#include "sheet.h"
#include "starvation.h"
#include "workloads.h"

namespace bench {
namespace {

namespace fs = std::filesystem;

constexpr int kViolation = 1;
constexpr int kUsage = 64;
constexpr int kFailed = 70;

constexpr std::string_view kHelp =
    "turnstile-bench [starvation|expected|rings|growth] [--seconds N] [--rounds N] [--only TEXT] "
    "[--turnstile PATH] [--data DIR] [--json]\n\n"
    "  starvation        how long the patient wait beside a stream of urgent requests\n"
    "  expected          what a wait was expected to take, and what it took\n"
    "  rings             rings of processes that hand on a result through tasks\n"
    "  growth            as locks, waiters, sessions and the journal grow; ten minutes, or\n"
    "                    with --quick a hundredth of all in one\n"
    "  --seconds N       how long each measurement takes; default 2, of those above 10\n"
    "  --rounds N        how often each is repeated; default 3\n"
    "  --only TEXT       only workloads whose name contains TEXT, e.g. \"U bare\"\n"
    "  --turnstile PATH  the server; default: turnstile beside this program\n"
    "  --data DIR        where the journals are written, in a new folder that is deleted\n"
    "                    afterwards; default: the directory for temporary files\n"
    "  --json            JSON instead of the table\n\n"
    "Exit status 1 if two workers ever held the same key, or a ring lost its order.\n";

struct Arguments {
  std::string verb;
  int seconds = 0;  ///< 0: as is usual
  int rounds = 3;
  std::string only;
  fs::path turnstile;
  fs::path data = fs::temp_directory_path();
  bool json = false;
  bool quick = false;
};

int count_in(std::string_view name, std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.begin(), text.end(), value);
  if (error != std::errc() || end != text.end() || value < 1 || value > 600) {
    throw std::invalid_argument(fmt::format("{} takes a number from 1 to 600", name));
  }
  return value;
}

/// Throws std::invalid_argument. Ends the program if asked for help.
Arguments arguments_of(int argc, char** argv) {
  const option options[] = {{"seconds", required_argument, nullptr, 's'},
                            {"rounds", required_argument, nullptr, 'r'},
                            {"only", required_argument, nullptr, 'o'},
                            {"turnstile", required_argument, nullptr, 't'},
                            {"data", required_argument, nullptr, 'd'},
                            {"json", no_argument, nullptr, 'j'},
                            {"quick", no_argument, nullptr, 'q'},
                            {"help", no_argument, nullptr, 'h'},
                            {}};
  Arguments arguments;
  for (int found = 0; (found = getopt_long(argc, argv, "", options, nullptr)) != -1;) {
    switch (found) {
      case 's': arguments.seconds = count_in("--seconds", optarg); break;
      case 'r': arguments.rounds = count_in("--rounds", optarg); break;
      case 'o': arguments.only = optarg; break;
      case 't': arguments.turnstile = optarg; break;
      case 'd': arguments.data = optarg; break;
      case 'j': arguments.json = true; break;
      case 'q': arguments.quick = true; break;
      case 'h': fmt::print("{}", kHelp); std::exit(0);
      default: throw std::invalid_argument("try --help");
    }
  }
  if (optind < argc) arguments.verb = argv[optind++];
  if (optind != argc) throw std::invalid_argument("takes one verb and options; try --help");
  if (arguments.seconds == 0) arguments.seconds = arguments.verb.empty() ? 2 : 10;
  if (arguments.turnstile.empty()) {
    arguments.turnstile = fs::read_symlink("/proc/self/exe").parent_path() / "turnstile";
  }
  if (!fs::exists(arguments.turnstile)) {
    throw std::invalid_argument(
        fmt::format("there is no {}: build it, or say --turnstile", arguments.turnstile.string()));
  }
  return arguments;
}

/// A new folder that goes with all it holds.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(const fs::path& parent) {
    std::string name = parent / "turnstile-bench-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) {
      throw std::system_error(errno, std::generic_category(), parent.string());
    }
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

bool is_in_memory(const fs::path& path) {
  constexpr auto kTmpfsMagic = 0x01021994;
  struct statfs about{};
  return statfs(path.c_str(), &about) == 0 && about.f_type == kTmpfsMagic;
}

struct Case {
  Way way = Way::Bare;
  Workload workload;
};

std::vector<Case> cases_named(std::string_view part) {
  std::vector<Case> cases;
  const auto add = [&](Way way, int workers, int keys) {
    cases.push_back({way, {std::string(to_string(way)), workers, keys}});
  };
  for (const Way way : {Way::Bare, Way::Library}) {
    for (const int workers : {1, 8, 64}) add(way, workers, 0);
  }
  for (const Way way : {Way::Bare, Way::Library}) add(way, 16, 1);
  std::erase_if(cases, [&](const Case& one) {
    return to_string(one.workload).find(part) == std::string::npos;
  });
  if (cases.empty()) throw std::invalid_argument("--only leaves no workload");
  return cases;
}

Outcome run_on(const ServerProcess& server, const Case& one, std::chrono::milliseconds length) {
  const auto lockers = make_lockers(one.way, server.port(), one.workload.workers);
  return run(one.workload, lockers, [&] { return server.processor_time(); }, length);
}

int measure(const Arguments& arguments) {
  const std::vector<Case> cases = cases_named(arguments.only);
  const TemporaryFolder folder(arguments.data);
  if (is_in_memory(folder.path())) {
    fmt::print(stderr, "{} is in memory, so syncs cost nothing here: say --data DIR for a disk\n",
               arguments.data.string());
  }
  ServerProcess file(arguments.turnstile, JournalKind::File, folder.path() / "file");
  ServerProcess memory(arguments.turnstile, JournalKind::Memory, folder.path() / "memory");
  Report report;
  std::uint64_t violations = 0;
  for (int round = 1; round <= arguments.rounds; ++round) {
    for (const Case& one : cases) {
      fmt::print(stderr, "round {} of {}: {}\n", round, arguments.rounds, to_string(one.workload));
      for (const JournalKind journal : {JournalKind::File, JournalKind::Memory}) {
        const ServerProcess& server = journal == JournalKind::File ? file : memory;
        const Outcome outcome = run_on(server, one, std::chrono::seconds(arguments.seconds));
        report.add(one.workload, journal, outcome);
        violations += outcome.violations;
      }
    }
  }
  file.stop();
  memory.stop();
  fmt::print("{}", arguments.json ? report.json() : report.table());
  if (violations == 0) return 0;
  fmt::print(stderr, "turnstile-bench: mutual exclusion was violated {} times\n", violations);
  return kViolation;
}

int measure_lines(const Arguments& arguments) {
  const TemporaryFolder folder(arguments.data);
  const auto length = std::chrono::seconds(arguments.seconds);
  std::vector<Line> lines;
  std::uint64_t violations = 0;
  if (arguments.verb == "starvation") {
    lines = measure_starvation(arguments.turnstile, folder.path(), length);
  } else if (arguments.verb == "expected") {
    lines = measure_expected(arguments.turnstile, folder.path(), length);
  } else if (arguments.verb == "rings") {
    RingFigures figures = measure_rings(arguments.turnstile, folder.path(), length);
    lines = std::move(figures.lines);
    violations = figures.violations;
  } else {
    throw std::invalid_argument(fmt::format("there is no verb \"{}\"; try --help", arguments.verb));
  }
  fmt::print("{}", arguments.json ? json_of(lines) : table_of(lines));
  return violations == 0 ? 0 : kViolation;
}

int measure_growing(const Arguments& arguments) {
  const TemporaryFolder folder(arguments.data);
  const GrowthSize size = arguments.quick ? GrowthSize::small() : GrowthSize{};
  std::vector<Line> all;
  for (const GrowthSheet& sheet : measure_growth(arguments.turnstile, folder.path(), size)) {
    if (!arguments.json) fmt::print("{}\n{}\n", sheet.title, table_of(sheet.lines));
    for (const Line& line : sheet.lines) {
      all.push_back({fmt::format("{}: {}", sheet.title, line.name), line.figures});
    }
  }
  if (arguments.json) fmt::print("{}", json_of(all));
  return 0;
}

int run_program(int argc, char** argv) {
  try {
    const Arguments arguments = arguments_of(argc, argv);
    if (arguments.verb.empty()) return measure(arguments);
    if (arguments.verb == "growth") return measure_growing(arguments);
    return measure_lines(arguments);
  } catch (const std::invalid_argument& error) {
    fmt::print(stderr, "turnstile-bench: {}\n", error.what());
    return kUsage;
  } catch (const std::exception& error) {
    fmt::print(stderr, "turnstile-bench: {}\n", error.what());
    return kFailed;
  }
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) { return bench::run_program(argc, argv); }
