// What COMMAND writes, where that is of use: its standard output is kept, its standard error goes
// on to ours and its last line is kept.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "cli/file_descriptor.h"

namespace cli {

/// The last line of a text that comes in pieces, without blanks around it. A line that is still
/// empty leaves the one before.
class LastLine {
 public:
  /// A line that is longer is cut.
  explicit LastLine(std::size_t bytes_max) : bytes_max_(bytes_max) {}
  void add(std::string_view piece);
  std::string text() const;

 private:
  std::size_t bytes_max_;
  std::string line_;  ///< the last one that is complete and not blank
  std::string unended_;
};

/// Two pipes. One whose writers have all ended is not watched any more.
class Capture {
 public:
  /// Keeps `output_max` bytes of the standard output, and counts the others. Throws
  /// std::system_error.
  Capture(std::size_t output_max, std::size_t line_max);

  /// What COMMAND writes to. To be closed here once it has them.
  int output_to_give() const { return output_.theirs.get(); }
  int errors_to_give() const { return errors_.theirs.get(); }
  void close_given();

  /// For poll(); -1 at the end.
  int output_fd() const { return output_.ours.get(); }
  int errors_fd() const { return errors_.ours.get(); }
  void read_output();
  void read_errors();
  /// What has been written by now, without waiting for those who could still write.
  void read_rest();

  const std::string& output() const { return kept_; }
  /// Of all that was written to the standard output.
  std::size_t output_size() const { return size_; }
  std::string last_error_line() const { return last_line_.text(); }

 private:
  struct Pipe {
    Pipe();
    FileDescriptor ours;
    FileDescriptor theirs;
  };

  std::size_t output_max_;
  Pipe output_;
  Pipe errors_;
  std::string kept_;
  std::size_t size_ = 0;
  LastLine last_line_;
};

}  // namespace cli
