// How the demo ends when the user asks it to.
#pragma once

#include <csignal>
#include <stdexcept>

namespace payments {

/// The user has asked to stop.
struct Interrupted : std::runtime_error {
  Interrupted() : std::runtime_error("interrupted") {}
};

}  // namespace payments
