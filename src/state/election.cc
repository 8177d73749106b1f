// Elections: the leader is the one holder of the election's name, and its token
// is the term.
#include <fmt/format.h>

#include "command/quote.h"
#include "state/machine.h"

namespace state {

using command::Code;
using command::Refused;
using command::Reply;
using command::Value;

/// Everybody may see the term, so it must not be enough to end it: a session is needed.
Reply Machine::on(const command::ElectionCampaign& command) {
  if (entry_->origin.session == 0) {
    return Refused{Code::Malformed, "a campaign needs a session; SESSION.OPEN first"};
  }
  Claim claim = claim_of(Space::Election, {{command.name, false}}, command);
  claim.details.set(&Details::value, Text(command.value));
  return acquire(std::move(claim), command, std::nullopt);
}

Reply Machine::on(const command::ElectionProclaim& command) {
  Session* session = nullptr;
  if (auto refused = require_session(session)) return *refused;
  const auto found = find_own_grant(Space::Election, command.name, command.token);
  if (const auto* refused = std::get_if<Refused>(&found)) return *refused;
  changed();
  std::get<Grant*>(found)->details.set(&Details::value, Text(command.value));
  elections_.push_back(command.name);
  return command::Done{};
}

Reply Machine::on(const command::ElectionResign& command) {
  return release(Space::Election, command.name, command.token);
}

Reply Machine::on(const command::ElectionLeader& command) { return leader_of(command.name); }

Value Machine::leader_of(const std::string& election) const {
  const auto it = keys_of(Space::Election).find(election);
  const bool is_known = it != keys_of(Space::Election).end();
  const std::size_t candidates = is_known && it->second.queue ? it->second.queue->size() : 0;
  const Grant* leader = is_known && !it->second.holders.empty()
                            ? grants_.at(it->second.holders.front()).get()
                            : nullptr;
  if (leader == nullptr) {
    return Value::Map{{"election", election}, {"state", "vacant"},       {"value", Value()},
                      {"term", Value()},      {"session", Value()},      {"name", Value()},
                      {"since", Value()},     {"candidates", candidates}};
  }
  const std::string& name = sessions_.at(leader->session).name;
  return Value::Map{{"election", election},
                    {"state", "led"},
                    {"value", leader->details->value},
                    {"term", leader->token},
                    {"session", leader->session},
                    {"name", name.empty() ? Value() : Value(name)},
                    {"since", leader->granted_wall.us() / 1000},
                    {"candidates", candidates}};
}

}  // namespace state
