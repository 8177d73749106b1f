// The network of a world: connections whose bytes arrive late, in pieces, or not
// at all, but in order, as TCP's do.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "sim/chance.h"
#include "sim/faults.h"
#include "sim/plan.h"
#include "sim/process.h"
#include "sim/timeline.h"

namespace sim {

enum class End : std::uint8_t { Client, Server };

class Network;

/// One connection. Either end may go first, and the process behind it, too.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  struct Ear {
    Process* process = nullptr;
    std::function<void(std::string_view bytes)> on_bytes;
    /// The other side is gone; with `reset` in the middle of something.
    std::function<void(bool reset)> on_hang_up;
    /// What was sent has left, so that more can be.
    std::function<void()> on_room;
  };

  Connection(Network& network, Ear client, Ear server);

  /// How many bytes this end may send now.
  std::size_t room(End from) const;
  /// At most room().
  void send(End from, std::string_view bytes);
  /// This end goes away. The other hears of it once it has all that was sent before.
  void close(End from);
  bool is_open(End end) const { return side(end).is_open; }
  /// Who listens at this end from now on, and to what has arrived already.
  void set_ear(End end, Ear ear);

  // --- what is done to it
  /// Bytes that are under way are lost from some byte on. Ends that `hears` hear of it.
  void reset(Chance& chance, bool client_hears, bool server_hears);
  /// The end takes no bytes up until it goes on.
  void stop_reading(End end) { side(end).is_reading = false; }
  void go_on_reading(End end);
  /// The end's process is gone and its machine says nothing.
  void vanish(End from) { side(from).is_open = false; }
  void forget_ears();
  /// What was half open comes to light, as by the system's own probes, and all is read.
  void come_to_light();

 private:
  static constexpr std::uint64_t kNothing = ~std::uint64_t{0};

  /// One end, and what is on its way to it.
  struct Side {
    Ear ear;
    bool is_open = true;
    bool is_reading = true;
    std::size_t under_way = 0;  ///< bytes sent to it that it has not taken up
    std::string arrived;        ///< not taken up
    base::Time last_arrival;
    std::deque<std::function<void()>> coming;  ///< on its way, in order
    std::uint64_t sent = 0;                    ///< pieces sent to it so far
    std::uint64_t reached = 0;                 ///< the last of them that arrived
    std::uint64_t lost_from = kNothing;        ///< these pieces and all later ones never arrive
    bool is_ending = false;                    ///< the other end has closed, and that has arrived
    bool is_reset = false;
  };
  static constexpr End other(End end) { return end == End::Client ? End::Server : End::Client; }
  Side& side(End end) { return sides_[static_cast<std::size_t>(end)]; }
  const Side& side(End end) const { return sides_[static_cast<std::size_t>(end)]; }
  void arrive(End end, std::function<void()> what);
  void let_in(End end);
  void take_up(End end);
  void hang_up(End end, bool is_reset);

  Network& network_;
  std::array<Side, 2> sides_;
};

class Network {
 public:
  Network(Timeline& timeline, const Plan& plan, FaultCounts& counts, Chance chance)
      : timeline_(timeline), plan_(plan), counts_(counts), chance_(std::move(chance)) {}

  /// Ends every connection's memory of who listens, for they remember each other.
  ~Network();

  /// A server listens if it is set. It is given the connection's ear of its end.
  using Accept = std::function<void(const std::shared_ptr<Connection>&)>;
  void listen(Process& server, Accept accept);
  void stop_listening() { accept_ = {}; }

  /// `done` is called with the connection, or with null if nobody listens.
  void connect(Connection::Ear client,
               std::function<void(const std::shared_ptr<Connection>&)> done);

  /// Nothing passes until then.
  void partition(base::Time until) { partitioned_until_ = until; }
  /// From now on nothing goes wrong.
  void calm();

  /// Those with at least one end open.
  std::vector<std::shared_ptr<Connection>> connections();

 private:
  friend class Connection;
  base::Time arrival();

  Timeline& timeline_;
  const Plan& plan_;
  FaultCounts& counts_;
  Chance chance_;
  Process* server_ = nullptr;
  Accept accept_;
  bool is_calm_ = false;
  base::Time partitioned_until_;
  std::vector<std::weak_ptr<Connection>> connections_;
};

}  // namespace sim
