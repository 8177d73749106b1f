// How much the accounts of a file start with.
#pragma once

#include <vector>

#include "payment.h"

namespace payments {

/// The accounts of the payments, in the order in which they first appear.
///
/// An account starts with all that it is going to pay, so that it can, in whatever
/// order the payments are settled. Every sixteenth starts with half of it: there
/// the order decides who is paid and who is rejected, and the proofs replay it.
std::vector<Account> open_accounts(const std::vector<Payment>& payments);

}  // namespace payments
