// turnstile-bench: how fast locks are given and handed on, with the journal on disk and
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
#include <vector>

#include "report.h"
#include "server_process.h"
#include "workloads.h"

namespace bench {
namespace {

namespace fs = std::filesystem;

constexpr int kViolation = 1;
constexpr int kUsage = 64;
constexpr int kFailed = 70;

constexpr std::string_view kHelp =
    "turnstile-bench [--seconds N] [--rounds N] [--only TEXT] [--turnstile PATH] [--data DIR] "
    "[--json]\n\n"
    "  --seconds N       how long each measurement takes; default 2\n"
    "  --rounds N        how often each is repeated; default 3\n"
    "  --only TEXT       only workloads whose name contains TEXT, e.g. \"U bare\"\n"
    "  --turnstile PATH  the server; default: turnstile beside this program\n"
    "  --data DIR        where the journals are written, in a new folder that is deleted\n"
    "                    afterwards; default: the directory for temporary files\n"
    "  --json            JSON instead of the table\n\n"
    "Exit status 1 if two workers ever held the same key.\n";

struct Arguments {
  int seconds = 2;
  int rounds = 3;
  std::string only;
  fs::path turnstile;
  fs::path data = fs::temp_directory_path();
  bool json = false;
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
  const option options[] = {
      {"seconds", required_argument, nullptr, 's'}, {"rounds", required_argument, nullptr, 'r'},
      {"only", required_argument, nullptr, 'o'},    {"turnstile", required_argument, nullptr, 't'},
      {"data", required_argument, nullptr, 'd'},    {"json", no_argument, nullptr, 'j'},
      {"help", no_argument, nullptr, 'h'},          {}};
  Arguments arguments;
  for (int found = 0; (found = getopt_long(argc, argv, "", options, nullptr)) != -1;) {
    switch (found) {
      case 's': arguments.seconds = count_in("--seconds", optarg); break;
      case 'r': arguments.rounds = count_in("--rounds", optarg); break;
      case 'o': arguments.only = optarg; break;
      case 't': arguments.turnstile = optarg; break;
      case 'd': arguments.data = optarg; break;
      case 'j': arguments.json = true; break;
      case 'h': fmt::print("{}", kHelp); std::exit(0);
      default: throw std::invalid_argument("try --help");
    }
  }
  if (optind != argc) throw std::invalid_argument("takes options only; try --help");
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

std::vector<Workload> workloads_named(std::string_view part) {
  std::vector<Workload> result;
  for (const Way way : {Way::Bare, Way::Library}) {
    for (const int workers : {1, 8, 64}) {
      result.push_back({.keys = Keys::Own, .way = way, .workers = workers});
    }
  }
  for (const Way way : {Way::Bare, Way::Library}) {
    result.push_back({.keys = Keys::One, .way = way, .workers = 16});
  }
  std::erase_if(result, [&](const Workload& workload) {
    return to_string(workload).find(part) == std::string::npos;
  });
  if (result.empty()) throw std::invalid_argument("--only leaves no workload");
  return result;
}

int measure(const Arguments& arguments) {
  const std::vector<Workload> workloads = workloads_named(arguments.only);
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
    for (const Workload& workload : workloads) {
      fmt::print(stderr, "round {} of {}: {}\n", round, arguments.rounds, to_string(workload));
      for (const JournalKind journal : {JournalKind::File, JournalKind::Memory}) {
        const ServerProcess& server = journal == JournalKind::File ? file : memory;
        const Outcome outcome = run(workload, server, std::chrono::seconds(arguments.seconds));
        report.add(workload, journal, outcome);
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

int run_program(int argc, char** argv) {
  try {
    return measure(arguments_of(argc, argv));
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
