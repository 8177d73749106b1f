// The order of real time: who asks after another was answered sees at least what
// that one saw.
//
// The index in each answer gives the one order of all operations, so that none
// has to be searched for: it is enough that no operation contradicts it.
#pragma once

#include "checker/reading.h"
#include "checker/report.h"

namespace checker {

void check_real_time(const Reading& reading, Report& report);

}  // namespace checker
