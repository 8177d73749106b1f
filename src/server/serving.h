// What serves clients: a state, and everything that hangs on it.
//
// A server that is alone has one for all its life. A node of a cluster has a new
// one each time it begins or ceases to lead, and so can mix nothing up.
#pragma once

#include <memory>
#include <optional>

#include "journal/journal.h"
#include "server/conversation.h"
#include "server/hub.h"
#include "server/pipeline.h"
#include "state/machine.h"

namespace server {

struct Serving {
  std::unique_ptr<state::Machine> machine = std::make_unique<state::Machine>();
  std::unique_ptr<journal::Journal> journal;
  std::optional<Pipeline> pipeline;
  std::unique_ptr<Appender> appender;  // ends before the pipeline, whose batch it may be writing
  std::optional<Hub> hub;
  std::optional<Service> service;
};

}  // namespace server
