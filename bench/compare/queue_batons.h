// Hand-offs through queues: one queue for each place of each ring, to which its predecessor sends.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <memory>
#include <string>

#include "baton.h"

namespace bench {

/// The name of the queue of a place. The same for all runs: prepare_… empties what is left.
inline std::string queue_name(int ring, int place) {
  return fmt::format("ring/{}/{}", ring, place);
}

/// Which kind of queue of RabbitMQ.
enum class RabbitmqQueue {
  Quorum,    ///< replicated log, persistent messages, confirmed when they are safe
  Durable,   ///< classic, persistent messages: delivered before they are safe, confirmed after
  Transient  ///< classic, nothing on disk
};

/// Declares the queues of so many rings, or empties those there are.
void prepare_rabbitmq(std::uint16_t port, RabbitmqQueue kind, int rings);
/// Publishes to the successor's queue; acknowledges what was taken once that is confirmed.
std::unique_ptr<Baton> make_rabbitmq_baton(std::uint16_t port, RabbitmqQueue kind, int ring,
                                           int place);

void prepare_redis_lists(std::uint16_t port, int rings);
/// BLMOVE to a list of what is being worked on, so that a crash loses nothing; then a transaction
/// that pushes to the successor and ends that.
std::unique_ptr<Baton> make_redis_baton(std::uint16_t port, int ring, int place);

/// PUSH and PULL sockets from place to place over TCP, from `port` on: no server, nothing is kept,
/// nobody knows the order. What a hand-off costs at the least.
std::unique_ptr<Baton> make_zeromq_baton(std::uint16_t port, int ring, int place);

}  // namespace bench
