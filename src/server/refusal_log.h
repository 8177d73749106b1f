// Who was refused what: a bounded side log.
//
// A refusal changes nothing and so is not in the journal; an audit may want to
// know of it all the same. One line each: the index it depended on, wall time,
// user, connection, session, command, key, code. The log is not durable: it is
// flushed about once a second, and holds the newest lines only.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "command/entry.h"
#include "command/errors.h"

namespace spdlog {
class logger;
}

namespace server {

class RefusalLog {
 public:
  /// Writes to `refusals.log` in the folder, at most two files of 4 MiB. Fault::Io.
  static base::Result<RefusalLog> open(const std::string& folder);

  void add(const command::Entry& entry, const command::Refused& refused);
  /// Hands what is buffered to the operating system.
  void flush();

 private:
  explicit RefusalLog(std::shared_ptr<spdlog::logger> logger) : logger_(std::move(logger)) {}

  std::shared_ptr<spdlog::logger> logger_;
};

}  // namespace server
