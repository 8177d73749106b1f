// What command_words.cc and command_words_task.cc share.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "command/command.h"

namespace cli {

using Words = std::vector<std::string>;

/// `WAIT` and what follows it.
void add_option(Words& words, std::string_view name, std::string value);
void add_ms(Words& words, std::string_view name, base::Duration duration);
void add_terms(Words& words, const command::Terms& terms);

Words words_of(const command::TaskAdd& command);
Words words_of(const command::TaskJoin& command);
Words words_of(const command::TaskTake& command);
Words words_of(const command::TaskComplete& command);
Words words_of(const command::TaskFail& command);
Words words_of(const command::TaskRelease& command);
Words words_of(const command::TaskExtend& command);
Words words_of(const command::TaskResult& command);
Words words_of(const command::TaskCancel& command);
Words words_of(const command::TaskRedrive& command);
Words words_of(const command::TaskWhy& command);
Words words_of(const command::FlowInfo& command);
Words words_of(const command::FlowList& command);
Words words_of(const command::FlowCancel& command);
Words words_of(const command::FlowClose& command);
Words words_of(const command::EventSet& command);
Words words_of(const command::EventReset& command);
Words words_of(const command::EventWait& command);
Words words_of(const command::EventInfo& command);
Words words_of(const command::BarrierArrive& command);
Words words_of(const command::BarrierInfo& command);
Words words_of(const command::LatchSet& command);
Words words_of(const command::LatchCountdown& command);
Words words_of(const command::LatchWait& command);
Words words_of(const command::LatchInfo& command);

}  // namespace cli
