// turnstile-sim-planted: does the simulator find bugs that other systems have had?
//
// Each of the bugs of base/planted.h gets worlds of its own in a process of its
// own. A complaint of the simulator, a failed check of the service, a crash and a
// world without an end all count as found. The seeds that are known to find them
// stand in docs/planted_bugs.md; where one does not any more, because the
// simulator draws otherwise now, the next best is looked for.
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/planted.h"
#ifdef TURNSTILE_SIM_CLUSTER
#include "sim/cluster/run.h"
#include "sim/cluster/world.h"
#endif
#include "sim/run.h"
#include "sim/world.h"

namespace {

using base::PlantedBugRow;

/// Processor time after which a world is said not to end.
constexpr rlim_t kSecondsMax = 60;
/// How far to look, from seed 1 on, where the known seed finds nothing.
constexpr std::uint64_t kFallback = 300;
constexpr std::size_t kSentenceMax = 110;

constexpr std::string_view kTableHead =
    "| bug | what it does | seen in | seed | what the simulator says |\n|---|---|---|---|---|\n";

/// One line of what was said, fit for a cell of a table.
std::string sentence_of(std::string_view said) {
  while (said.starts_with('\n')) said.remove_prefix(1);
  // Of a failed check the expression; its place in the sources changes too often.
  if (const auto check = said.find("CHECK failed"); check != said.npos) said.remove_prefix(check);
  std::string line;
  for (const char byte : said) {
    const bool is_space = byte == '|' || (byte >= 0 && byte <= ' ');
    if (!is_space) line += byte;
    if (is_space && !line.ends_with(' ')) line += ' ';
    if (line.size() > kSentenceMax) return line.substr(0, line.rfind(' ')) + " ...";
  }
  return line.substr(0, line.find_last_not_of(' ') + 1);
}

/// What a world of this process has to say; empty: all is well.
[[noreturn]] void live(base::PlantedBug bug, std::uint64_t seed) {
  base::planted_bug = bug;
  const rlimit no_core{0, 0};
  const rlimit time{kSecondsMax, kSecondsMax};
  ::setrlimit(RLIMIT_CORE, &no_core);
  ::setrlimit(RLIMIT_CPU, &time);
  std::vector<std::string> complaints = sim::World(sim::Plan::of(seed)).run().complaints;
#ifdef TURNSTILE_SIM_CLUSTER
  if (complaints.empty()) complaints = sim::ClusterWorld(seed).run().complaints;
#endif
  for (const std::string& complaint : complaints) fmt::print(stderr, "{}\n", complaint);
  std::fflush(stderr);
  std::_Exit(complaints.empty() ? 0 : 1);
}

/// What is said of a world of this seed with the bug in it, by a process that may die of it.
std::optional<std::string> find(base::PlantedBug bug, std::uint64_t seed) {
  int ends[2];
  CHECK_EQ(::pipe(ends), 0);
  std::fflush(stdout);
  const pid_t child = ::fork();
  CHECK_GE(child, 0);
  if (child == 0) {
    ::dup2(ends[1], STDERR_FILENO);
    ::close(ends[0]);
    ::close(ends[1]);
    live(bug, seed);
  }
  ::close(ends[1]);
  std::string said;
  char piece[4096];
  for (ssize_t got; (got = ::read(ends[0], piece, sizeof(piece))) > 0;) {
    if (said.size() < sizeof(piece)) said.append(piece, static_cast<std::size_t>(got));
  }
  ::close(ends[0]);
  int status = 0;
  CHECK_EQ(::waitpid(child, &status, 0), child);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return std::nullopt;
  if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL)) {
    return "the world has no end";
  }
  return sentence_of(said);
}

/// The first seed that finds it, and finds nothing without it.
std::optional<std::uint64_t> search(base::PlantedBug bug, std::uint64_t first, std::uint64_t most,
                                    std::string& said) {
  for (std::uint64_t seed = first; seed < first + most; ++seed) {
    auto found = find(bug, seed);
    if (!found || find(base::PlantedBug::None, seed)) continue;
    said = std::move(*found);
    return seed;
  }
  return std::nullopt;
}

// --- the table

std::string beginning_of_row(const PlantedBugRow& row) {
  return fmt::format("| `{}` | {} | {} | ", row.name, row.what, row.whose);
}

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// 0: the table does not know the bug as it is.
std::uint64_t known_seed(const std::string& document, const PlantedBugRow& row) {
  const std::string beginning = beginning_of_row(row);
  const std::size_t at = document.find(beginning);
  return at == document.npos ? 0 : std::strtoull(&document[at + beginning.size()], nullptr, 10);
}

/// The row as it stands; empty if there is none.
std::string row_in(const std::string& document, const PlantedBugRow& row) {
  const std::size_t at = document.find(beginning_of_row(row));
  return at == document.npos ? "" : document.substr(at, document.find('\n', at) + 1 - at);
}

void write_table(const std::string& path, const std::string& rows) {
  std::string document = read_file(path);
  document.resize(std::min(document.size(), document.find(kTableHead)));
  std::ofstream(path) << document << kTableHead << rows;
}

// --- what is asked for

int list() {
  for (const PlantedBugRow& row : base::kPlantedBugs) {
    const auto whose = row.whose.empty() ? "" : fmt::format(" ({})", row.whose);
    fmt::print("{:<27} {}{}\n", row.name, row.what, whose);
  }
  return 0;
}

/// The seed that is known goes before all others.
std::optional<std::uint64_t> search_from(const PlantedBugRow& row, std::uint64_t known,
                                         std::uint64_t first, std::uint64_t most,
                                         std::string& said) {
  if (known != 0 && !find(base::PlantedBug::None, known)) {
    if (auto found = find(row.bug, known)) {
      said = std::move(*found);
      return known;
    }
  }
  return search(row.bug, first, most, said);
}

/// Renews the rows of the table: that of the bug `only`, or all if it is empty.
int renew(const std::string& path, const std::string& only, std::uint64_t first,
          std::uint64_t most) {
  const std::string document = read_file(path);
  std::string rows;
  int missing = 0;
  for (const PlantedBugRow& row : base::kPlantedBugs) {
    if (!only.empty() && only != row.name) {
      rows += row_in(document, row);
      continue;
    }
    std::string said;
    const auto seed = search_from(row, known_seed(document, row), first, most, said);
    fmt::print("{:<27} {:>6}  {}\n", row.name, seed ? std::to_string(*seed) : "-", said);
    std::fflush(stdout);
    if (!seed) ++missing;
    rows += beginning_of_row(row) + fmt::format("{} | {} |\n", seed.value_or(0), said);
  }
  write_table(path, rows);
  fmt::print("{} not found; {} is new\n", missing, path);
  return missing == 0 ? 0 : 1;
}

int find_all(const std::string& path) {
  const std::string document = read_file(path);
  int missing = 0;
  bool is_old = false;
  for (const PlantedBugRow& row : base::kPlantedBugs) {
    std::uint64_t seed = known_seed(document, row);
    auto said = seed == 0 ? std::nullopt : find(row.bug, seed);
    if (!said) {
      is_old = true;
      std::string found;
      seed = search(row.bug, 1, kFallback, found).value_or(0);
      if (seed != 0) said = std::move(found);
    }
    if (!said) ++missing;
    fmt::print("{:<27} {:>6}  {}\n", row.name, seed, said.value_or("NOT FOUND"));
    std::fflush(stdout);
  }
  if (is_old) {
    fmt::print("{} does not fit any more; turnstile-sim-planted --search renews it\n", path);
  }
  fmt::print("{} of {} planted bugs found\n", base::kPlantedBugs.size() - missing,
             base::kPlantedBugs.size());
  return missing == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "Plants bugs that other systems have had, one at a time, and looks whether the simulator "
      "finds them. Without options all of them, each with the seed that is known to find it.",
      "turnstile-sim-planted");
  sim::RunOptions options;
  std::string name;
  std::string table = "docs/planted_bugs.md";
  std::uint64_t most = 10'000;
  bool is_list = false;
  bool is_search = false;
  app.add_flag("--list", is_list, "print the bugs");
  app.add_flag("--search", is_search,
               "look for the first seed that finds each, and renew the table");
  app.add_option("--most", most, "how many seeds to try with --search")->default_val(most);
  app.add_option("--table", table, "the document with the known seeds")->default_val(table);
  app.add_option("--bug", name, "run worlds with this bug, as turnstile-sim does");
  app.add_option("seed", options.first, "the first seed, with --bug or --search")->default_val(1);
  app.add_option("--count", options.count, "with --bug: how many seeds to run")->default_val(1);
  app.add_flag("--history", options.prints_history, "with --bug: print what the clients saw");
  CLI11_PARSE(app, argc, argv);
  spdlog::set_level(spdlog::level::off);
  if (is_list) return list();
  if (is_search) return renew(table, name, options.first, most);
  if (name.empty()) return find_all(table);
  for (const PlantedBugRow& row : base::kPlantedBugs) {
    if (row.name != name) continue;
    base::planted_bug = row.bug;
    int status = sim::run(options);
#ifdef TURNSTILE_SIM_CLUSTER
    if (status == 0) status = sim::run_clusters(options);
#endif
    return status;
  }
  fmt::print(stderr, "there is no planted bug '{}'; --list names them\n", name);
  return 2;
}
