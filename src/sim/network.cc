// Bytes on their way.
#include "sim/network.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace sim {

using base::Duration;
using base::Time;

namespace {

/// What the systems of both ends hold for one direction.
constexpr std::size_t kWindow = 32 * 1024;

}  // namespace

Connection::Connection(Network& network, Ear client, Ear server) : network_(network) {
  side(End::Client).ear = std::move(client);
  side(End::Server).ear = std::move(server);
}

std::size_t Connection::room(End from) const {
  const Side& to = side(other(from));
  return kWindow - std::min(kWindow, to.under_way);
}

void Connection::send(End from, std::string_view bytes) {
  CHECK_LE(bytes.size(), room(from));
  const End end = other(from);
  Side& to = side(end);
  Chance& chance = network_.chance_;
  while (!bytes.empty()) {
    std::size_t size = bytes.size();
    if (network_.plan_.has(Fault::Fragment) && !network_.is_calm_ && chance.one_in(2)) {
      size = static_cast<std::size_t>(
          chance.between(1, static_cast<std::int64_t>(std::min<std::size_t>(size, 40))));
      network_.counts_.add(Fault::Fragment);
    }
    to.under_way += size;
    arrive(end, [this, end, number = ++to.sent, piece = std::string(bytes.substr(0, size))] {
      Side& mine = side(end);
      if (number >= mine.lost_from) return;
      mine.reached = number;
      mine.arrived += piece;
      take_up(end);
    });
    bytes.remove_prefix(size);
  }
}

void Connection::close(End from) {
  side(from).is_open = false;
  const End end = other(from);
  if (side(end).lost_from != kNothing) return;
  arrive(end, [this, end] { hang_up(end, false); });
}

void Connection::reset(Chance& chance, bool client_hears, bool server_hears) {
  for (const End end : {End::Client, End::Server}) {
    Side& to = side(end);
    to.lost_from = std::min(to.lost_from, to.reached + 1 + chance.below(to.sent - to.reached + 1));
    const bool hears = end == End::Client ? client_hears : server_hears;
    if (hears) arrive(end, [this, end] { hang_up(end, true); });
  }
}

void Connection::go_on_reading(End end) {
  side(end).is_reading = true;
  take_up(end);
}

/// In order: nothing overtakes what was sent before it.
void Connection::arrive(End end, std::function<void()> what) {
  Side& to = side(end);
  to.coming.push_back(std::move(what));
  to.last_arrival = std::max(to.last_arrival, network_.arrival());
  network_.timeline_.at(to.last_arrival, [self = shared_from_this(), end] { self->let_in(end); });
}

/// Whatever event of an end comes first brings what was sent first.
void Connection::let_in(End end) {
  const Time until = network_.partitioned_until_;
  if (until > network_.timeline_.now()) {
    network_.timeline_.at(until, [self = shared_from_this(), end] { self->let_in(end); });
    return;
  }
  auto& coming = side(end).coming;
  const auto what = std::move(coming.front());
  coming.pop_front();
  what();
}

/// The process takes up what has arrived, now or when it runs again.
void Connection::take_up(End end) {
  Side& to = side(end);
  if (!to.is_open || !to.is_reading || to.ear.process == nullptr) return;
  if (to.arrived.empty() && !to.is_ending) return;
  to.ear.process->run([self = shared_from_this(), end] {
    Side& mine = self->side(end);
    if (!mine.is_open || !mine.is_reading) return;
    if (!mine.arrived.empty()) {
      const std::string bytes = std::exchange(mine.arrived, {});
      mine.under_way -= std::min(mine.under_way, bytes.size());
      mine.ear.on_bytes(bytes);
      Side& sender = self->side(other(end));
      if (sender.is_open && sender.ear.on_room) sender.ear.process->run(sender.ear.on_room);
    }
    if (mine.is_open && mine.is_ending && mine.arrived.empty()) {
      mine.is_open = false;
      mine.ear.on_hang_up(mine.is_reset);
    }
  });
}

void Connection::hang_up(End end, bool is_reset) {
  Side& to = side(end);
  if (!to.is_open) return;
  to.is_ending = true;
  to.is_reset = is_reset;
  take_up(end);
}

void Connection::set_ear(End end, Ear ear) {
  side(end).ear = std::move(ear);
  take_up(end);
}

void Connection::forget_ears() {
  for (Side& each : sides_) each.ear = {};
}

void Connection::come_to_light() {
  for (const End end : {End::Client, End::Server}) {
    const bool is_alone = !is_open(other(end)) && !side(end).is_ending;
    if (is_alone || side(end).lost_from != kNothing || side(other(end)).lost_from != kNothing) {
      hang_up(end, true);
    }
    go_on_reading(end);
  }
}

// --- the network

Network::~Network() {
  for (const auto& weak : connections_) {
    if (const auto connection = weak.lock()) connection->forget_ears();
  }
}

void Network::listen(Process& server, Accept accept) {
  server_ = &server;
  accept_ = std::move(accept);
}

void Network::connect(Connection::Ear client,
                      std::function<void(const std::shared_ptr<Connection>&)> done) {
  timeline_.at(arrival(), [this, client = std::move(client), done = std::move(done)]() mutable {
    Process* process = client.process;
    std::shared_ptr<Connection> connection;
    if (accept_ && partitioned_until_ <= timeline_.now()) {
      connection = std::make_shared<Connection>(*this, std::move(client), Connection::Ear{});
      connections_.push_back(connection);
      // The system of a server that stands still accepts all the same.
      server_->run([this, connection] {
        if (accept_) accept_(connection);
      });
    }
    process->run([connection, done = std::move(done)] { done(connection); });
  });
}

void Network::calm() {
  is_calm_ = true;
  partitioned_until_ = Time();
  for (const auto& connection : connections()) connection->come_to_light();
}

std::vector<std::shared_ptr<Connection>> Network::connections() {
  std::vector<std::shared_ptr<Connection>> live;
  std::erase_if(connections_, [&](const std::weak_ptr<Connection>& weak) {
    auto connection = weak.lock();
    const bool is_live =
        connection && (connection->is_open(End::Client) || connection->is_open(End::Server));
    if (connection && !is_live) connection->forget_ears();
    if (is_live) live.push_back(std::move(connection));
    return !is_live;
  });
  return live;
}

Time Network::arrival() {
  Duration delay = plan_.latency + plan_.latency * chance_.between(0, 100) / 100;
  if (plan_.has(Fault::Delay) && !is_calm_ && chance_.one_in(20)) {
    delay = delay + chance_.between(Duration::from_ms(1),
                                    Duration::from_ms(chance_.one_in(10) ? 5'000 : 300));
    counts_.add(Fault::Delay);
  }
  return timeline_.now() + delay;
}

}  // namespace sim
