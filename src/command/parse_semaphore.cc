// The commands on semaphores.
#include "command/parse.h"
#include "command/parse_arguments.h"
#include "command/parse_commands.h"
#include "command/parse_terms.h"

namespace command {

Call parse_sem_acquire(Arguments& args) {
  const std::int64_t max = args.limits().permits_max;
  SemAcquire acquire;
  acquire.key = args.name("key");
  while (const auto option = args.next_option()) {
    if (read_term(args, *option, acquire)) continue;
    if (option == Option::Limit) acquire.limit = args.number("LIMIT", 1, max);
    if (option == Option::Permits) acquire.permits = args.number("PERMITS", 1, max);
  }
  return for_machine(std::move(acquire));
}

Call parse_sem_release(Arguments& args) {
  SemRelease release;
  release.key = args.name("key");
  release.token = args.id("token");
  return for_machine(std::move(release));
}

Call parse_sem_renew(Arguments& args) {
  SemRenew renew;
  renew.key = args.name("key");
  renew.token = args.id("token");
  while (const auto option = args.next_option()) {
    if (option == Option::Lease) {
      renew.lease = args.milliseconds("LEASE", 1, args.limits().lease_max_ms);
    }
  }
  if (renew.lease == Duration()) args.refuse_missing(Option::Lease);
  return for_machine(std::move(renew));
}

Call parse_sem_info(Arguments& args) { return for_machine(SemInfo{std::string(args.name("key"))}); }

Call parse_sem_resize(Arguments& args) {
  SemResize resize;
  resize.key = args.name("key");
  resize.limit = args.number("the limit", 1, args.limits().permits_max);
  return for_machine(std::move(resize));
}

}  // namespace command
