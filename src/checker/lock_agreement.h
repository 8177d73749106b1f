// Whether the machine does what the naive model says: the same answers, the same
// events, and after it the same holders, waiters, marks and permits.
#pragma once

#include <optional>
#include <string>

#include "checker/lock_model.h"
#include "command/reply.h"
#include "state/machine.h"

namespace checker {

/// Empty if they agree. Codes, tokens, times and numbers must be equal, sentences are for people;
/// of what describes something the model names only a part.
std::string disagreement(const LockModel::Answer& expected, const command::Outcome& actual);

/// Looks into a machine, which shows to others only what they may know.
class MachineView {
 public:
  explicit MachineView(const state::Machine& machine) : machine_(machine) {}

  /// Empty if the machine is in the state that the model describes.
  std::string disagreement(const ModelState& model) const;

 private:
  std::string disagreement_on(const ModelState& model, const ModelClaim& claim) const;
  std::string disagreement_on_key(const ModelState& model, Realm realm,
                                  std::string_view name) const;
  bool agrees_on_grant(const ModelClaim& expected) const;
  bool agrees_on_waiter(const ModelState& model, const ModelClaim& expected) const;
  static bool agrees_on_claim(const ModelClaim& expected, const state::Claim& actual);

  const state::Machine& machine_;
};

}  // namespace checker
