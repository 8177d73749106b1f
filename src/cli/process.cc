// fork, and exec with a pipe that tells how it went: exec closes the pipe, so
// that its end without a byte means that the program runs.
#include "cli/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <string_view>
#include <system_error>

#include "cli/exit_status.h"
#include "cli/file_descriptor.h"

namespace cli {
namespace {

constexpr unsigned kFirstUncommon = 3;  // after the standard three

bool is_open(unsigned file) { return ::fcntl(static_cast<int>(file), F_GETFD) != -1; }

/// What /proc/self/fd lists, sorted, but for the listing itself.
std::vector<unsigned> open_files() {
  std::vector<unsigned> files;
  std::error_code error;
  for (const auto& item : std::filesystem::directory_iterator("/proc/self/fd", error)) {
    const std::string name = item.path().filename();
    unsigned file = 0;
    const auto read = std::from_chars(name.data(), name.data() + name.size(), file);
    if (read.ec == std::errc()) files.push_back(file);
  }
  std::erase_if(files, [](unsigned file) { return !is_open(file); });
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::string_view name_in(std::string_view variable) {
  return variable.substr(0, variable.find('='));
}

std::vector<std::string> environment_with(const std::vector<std::string>& added) {
  std::vector<std::string> all = added;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const bool is_replaced = std::ranges::any_of(
        added, [&](const std::string& a) { return name_in(a) == name_in(*variable); });
    if (!is_replaced) all.emplace_back(*variable);
  }
  return all;
}

/// Everything the child needs, made before the fork: between fork and exec nothing may allocate.
struct Prepared {
  explicit Prepared(const ProcessOptions& options)
      : argv_texts(options.argv),
        environment_texts(environment_with(options.environment)),
        argv(pointers_to(argv_texts)),
        environment(pointers_to(environment_texts)),
        mask(options.mask),
        files(options.files) {}

  std::vector<std::string> argv_texts;
  std::vector<std::string> environment_texts;
  std::vector<char*> argv;
  std::vector<char*> environment;
  sigset_t mask;
  std::array<int, 3> files;
};

/// In the child. A descriptor that is copied so is inherited, whatever the original is.
void take_files(const std::array<int, 3>& files) {
  for (int i = 0; i < static_cast<int>(files.size()); ++i) {
    if (files[static_cast<std::size_t>(i)] >= 0) ::dup2(files[static_cast<std::size_t>(i)], i);
  }
}

/// In the child. Only what POSIX allows after a fork with threads.
[[noreturn]] void become(const Prepared& prepared, const InheritedFiles& inherited, pid_t parent,
                         int report) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(number_of(ExitStatus::Internal));  // it ended before prctl
  take_files(prepared.files);
  inherited.close_others_on_exec();
  sigprocmask(SIG_SETMASK, &prepared.mask, nullptr);
  ::execvpe(prepared.argv[0], prepared.argv.data(), prepared.environment.data());
  const int error = errno;
  const ssize_t written = ::write(report, &error, sizeof(error));
  ::_exit(written < 0 ? number_of(ExitStatus::Internal) : number_of(ExitStatus::CannotRun));
}

/// The errno of an exec that failed; 0 if the program runs.
int read_report(int report) {
  int error = 0;
  ssize_t size = 0;
  do {
    size = ::read(report, &error, sizeof(error));
  } while (size < 0 && errno == EINTR);
  return size == static_cast<ssize_t>(sizeof(error)) ? error : 0;
}

}  // namespace

InheritedFiles::InheritedFiles() {
  unsigned next = kFirstUncommon;
  for (const unsigned file : open_files()) {
    if (file < kFirstUncommon) continue;
    if (file > next) others_.push_back({next, file - 1});
    next = file + 1;
  }
  others_.push_back({next, std::numeric_limits<unsigned>::max()});
}

void InheritedFiles::close_others_on_exec() const {
  for (const Range& range : others_) ::close_range(range.first, range.last, CLOSE_RANGE_CLOEXEC);
}

int CannotStart::exit_status() const {
  return number_of(error_number == ENOENT ? ExitStatus::NotFound : ExitStatus::CannotRun);
}

std::string CannotStart::sentence(const std::string& program) const {
  if (error_number == ENOENT) return fmt::format("{}: command not found", program);
  return fmt::format("cannot run {}: {}", program, std::generic_category().message(error_number));
}

std::string name_of_process(const std::string& program) {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  const std::string file = program.substr(program.rfind('/') + 1);
  return fmt::format("{}@{}:{}", file, host.data(), ::getpid());
}

std::expected<pid_t, CannotStart> start_process(const ProcessOptions& options,
                                                const InheritedFiles& inherited) {
  const Prepared prepared(options);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    throw std::system_error(errno, std::generic_category(), "pipe");
  const FileDescriptor read_end(ends[0]);
  FileDescriptor write_end(ends[1]);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) throw std::system_error(errno, std::generic_category(), "cannot start a process");
  if (child == 0) become(prepared, inherited, parent, write_end.get());
  ::setpgid(child, child);  // here too, so that the group exists whoever is first
  write_end.close();
  const int error = read_report(read_end.get());
  if (error == 0) return child;
  ::waitpid(child, nullptr, 0);
  return std::unexpected(CannotStart{error});
}

}  // namespace cli
