// Who looks on while entries are applied, and sees what becomes of each claim: for
// an audit, or a drawing. What clients are told says less: a clean release under
// another's eyes, or a hold that ends with its session, is told to nobody.
#pragma once

#include <cstdint>
#include <string>

#include "command/entry.h"
#include "command/reply.h"
#include "state/flows.h"
#include "state/model.h"

namespace state {

/// What it is given lives for the length of the call. It must not touch the machine but to read.
class Watcher {
 public:
  virtual ~Watcher() = default;

  virtual void before(const command::Entry& entry) = 0;
  virtual void after(const command::Entry& entry, const command::Outcome& outcome) = 0;

  // In between, in the order in which it happens.

  /// The wait ended, and nothing was granted.
  virtual void on_refusal(const Waiter& waiter, command::Code code,
                          const std::string& sentence) = 0;
  /// `asked`: when it was asked for, as far as the asker counts.
  virtual void on_grant(const Grant& grant, Time asked) = 0;
  /// The hold goes on with keys in other modes, and after an upgrade under another token.
  virtual void on_conversion(std::uint64_t token_before, const Grant& grant) = 0;
  /// Its session, if it had one, can still be found. An attempt's task has left it already.
  virtual void on_end(const Grant& grant, EndCause cause) = 0;
  virtual void on_task(const Task& task) = 0;  ///< it has come to another state
};

}  // namespace state
