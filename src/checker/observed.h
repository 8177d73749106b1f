// What the answers alone show, without the journal: whether two held the same key
// at once, whether tokens only grew, whether what was asked for once was done once,
// whether equals were served in their order, and whether results went to who came
// after.
//
// A hold is known to have begun at its token and to have gone on up to the last
// answer that its being alive was needed for. So these findings are certain, and
// what nobody saw is not found here, but by the witness.
#pragma once

#include "checker/reading.h"
#include "checker/report.h"

namespace checker {

/// L1, L2, L4 and L6.
void check_holds(const Reading& reading, Report& report);
/// F1, F3, F4 and G1.
void check_results(const Reading& reading, Report& report);

}  // namespace checker
