// What clients saw of a service: each request with the moments around it and the
// answer it got. Recorders write histories, the checker judges them.
//
// In a file a history is one operation a line, a JSON object each:
//
//   {"client": 3, "invoked": 1200, "returned": 1950, "index": 17, "session": 2, "request": 5,
//    "argv": ["LOCK.ACQUIRE", "acct/1"], "reply": {"token": 17, "lease": 10000, "waited": 0}}
//
// A reply is written as RESP reads: integers, texts, lists, maps; an error is {"error": "BUSY
// ..."}. `returned`, `index` and `reply` are missing where no answer came.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "resp/value.h"

namespace checker {

/// One request and what came of it. All moments of a history are of one clock.
struct Operation {
  std::uint64_t client = 0;  ///< who asked; a client has one operation under way per connection
  base::Time invoked;        ///< before its first byte was sent
  /// After its answer was read; never: no answer came, and it may have been applied.
  base::Time returned = base::Time::never();
  /// The journal index that the answer depends on (CLIENT INDEX ON); 0: not known. Of a wait that
  /// was queued and granted later it is the index of the answer that ends it, or 0.
  std::uint64_t index = 0;
  std::uint64_t queued_index = 0;  ///< of the QUEUED that an ASYNC request was answered first
  std::uint64_t session = 0;       ///< that it was made for; 0: none
  std::uint64_t request = 0;       ///< its REQUEST number; 0: none. Repeats are one operation each.
  std::vector<std::string> argv;   ///< the command with its ASYNC, without SESSION and REQUEST
  std::optional<resp::Value> reply;  ///< the outcome; of an ASYNC request that of its push

  bool is_answered() const { return reply.has_value(); }
};

using History = std::vector<Operation>;

/// Fault::Corrupt, naming the line: it is no history.
base::Result<History> read_history(std::istream& in);
void write_operation(std::ostream& out, const Operation& operation);

}  // namespace checker
