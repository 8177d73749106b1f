// See systems.h.
#include "systems.h"

#include <fmt/format.h>

#include <stdexcept>

#include "etcd_locker.h"
#include "postgres_locker.h"
#include "queue_batons.h"
#include "redis_locker.h"
#include "turnstile_locker.h"
#include "wake_locker.h"
#include "zookeeper_locker.h"

namespace bench {
namespace {

[[noreturn]] void fail(std::string_view system) {
  throw std::invalid_argument(
      fmt::format("there is no \"{}\" for this; see bench/compare/systems.cc", system));
}

using MakeLocker = std::unique_ptr<Locker> (*)(std::uint16_t port);

MakeLocker locker_of(std::string_view system) {
  if (system == "turnstile") return make_turnstile_locker;
  if (system == "redis") return make_redis_locker;
  if (system == "etcd") return make_etcd_locker;
  if (system == "zookeeper") return make_zookeeper_locker;
  if (system == "postgres") return make_postgres_locker;
  fail(system);
}

std::unique_ptr<Pipe> make_pipe(std::string_view system, std::uint16_t port) {
  if (system == "turnstile") return make_turnstile_pipe(port);
  if (system == "redis") return make_redis_pipe(port);
  fail(system);
}

RabbitmqQueue queue_of(std::string_view system) {
  if (system == "rabbitmq-quorum") return RabbitmqQueue::Quorum;
  if (system == "rabbitmq-durable") return RabbitmqQueue::Durable;
  if (system == "rabbitmq-transient") return RabbitmqQueue::Transient;
  fail(system);
}

}  // namespace

std::vector<std::unique_ptr<Locker>> make_lockers(std::string_view system, const Reach& reach) {
  if (system == "turnstile-library") return make_lockers(Way::Library, reach.port, reach.workers);
  if (system == "wakes") return make_wake_lockers(reach.workers);
  if (system == "redis-pubsub") {
    return make_redis_pubsub_lockers(reach.port, reach.workers, reach.keys);
  }
  const MakeLocker make = locker_of(system);
  std::vector<std::unique_ptr<Locker>> lockers;
  for (int i = 0; i < reach.workers; ++i) lockers.push_back(make(reach.port));
  return lockers;
}

std::vector<std::unique_ptr<Pipe>> make_pipes(std::string_view system, const Reach& reach) {
  std::vector<std::unique_ptr<Pipe>> pipes;
  for (int i = 0; i < reach.workers; ++i) pipes.push_back(make_pipe(system, reach.port));
  return pipes;
}

MakeBaton make_batons(std::string_view system, std::uint16_t port, int rings) {
  if (system == "turnstile") {
    return [=](int, int, const std::string& name) { return make_task_baton(port, name); };
  }
  if (system == "redis") {
    prepare_redis_lists(port, rings);
    return [=](int ring, int place, const std::string&) {
      return make_redis_baton(port, ring, place);
    };
  }
  if (system == "zeromq") {
    return [=](int ring, int place, const std::string&) {
      return make_zeromq_baton(port, ring, place);
    };
  }
  const RabbitmqQueue kind = queue_of(system);
  prepare_rabbitmq(port, kind, rings);
  return [=](int ring, int place, const std::string&) {
    return make_rabbitmq_baton(port, kind, ring, place);
  };
}

}  // namespace bench
