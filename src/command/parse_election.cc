// The commands on elections.
#include "command/parse.h"
#include "command/parse_arguments.h"
#include "command/parse_commands.h"
#include "command/parse_terms.h"

namespace command {

Call parse_election_campaign(Arguments& args) {
  ElectionCampaign campaign;
  campaign.name = args.name("name");
  campaign.value = args.value("value");
  while (const auto option = args.next_option()) read_term(args, *option, campaign);
  return for_machine(std::move(campaign));
}

Call parse_election_proclaim(Arguments& args) {
  ElectionProclaim proclaim;
  proclaim.name = args.name("name");
  proclaim.token = args.id("token");
  proclaim.value = args.value("value");
  return for_machine(std::move(proclaim));
}

Call parse_election_resign(Arguments& args) {
  ElectionResign resign;
  resign.name = args.name("name");
  resign.token = args.id("token");
  return for_machine(std::move(resign));
}

Call parse_election_leader(Arguments& args) {
  return for_machine(ElectionLeader{std::string(args.name("name"))});
}

Call parse_election_observe(Arguments& args) {
  ElectionObserve observe;
  observe.name = args.name("name");
  if (args.has_more()) observe.on = args.choice("after the name", {"ON", "OFF"}) == 0;
  return observe;
}

}  // namespace command
