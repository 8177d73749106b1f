// Where a scenario takes place: clients that speak, and time that passes.
//
// Two worlds understand the same scenarios: one asks the machine directly, the
// other speaks RESP with the server's own conversations. What clients hear is
// collected by client, in the order in which clients first spoke, since between
// two connections a network knows no order either.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "command/reply.h"

namespace scenario {

using Words = std::vector<std::string>;

/// What one client hears: answers to what it said, and pushes.
struct Heard {
  bool is_push = false;
  std::string text;
};

class World {
 public:
  virtual ~World() = default;

  /// Says a command over the client's connection, which is made if there is none.
  virtual void say(const std::string& client, const Words& words) = 0;
  /// Whether the client's connection is blocked by a command that waits.
  virtual bool is_blocked(const std::string& client) = 0;
  /// The connection is lost.
  virtual void hang_up(const std::string& client) = 0;
  /// Time passes; what falls due ends at its own time.
  virtual void advance(base::Duration length) = 0;
  /// The service stops and starts again from its last snapshot and its journal.
  virtual void restart() = 0;

  /// What was heard since the last call, by client in the order of their first words.
  std::vector<std::pair<std::string, Heard>> take_heard() {
    std::vector<std::pair<std::string, Heard>> all;
    for (const std::string& client : clients_) {
      for (Heard& heard : heard_[client]) all.emplace_back(client, std::move(heard));
      heard_[client].clear();
    }
    return all;
  }

 protected:
  void meet(const std::string& client) {
    if (heard_.try_emplace(client).second) clients_.push_back(client);
  }
  void hear(const std::string& client, bool is_push, std::string text) {
    heard_[client].push_back({is_push, std::move(text)});
  }
  const std::vector<std::string>& clients() const { return clients_; }

 private:
  std::vector<std::string> clients_;
  std::map<std::string, std::vector<Heard>> heard_;
};

/// Straight into the state machine.
std::unique_ptr<World> make_machine_world();

/// Through the wire: conversations, pipeline, and a journal that is durable at once.
std::unique_ptr<World> make_wire_world();

/// In place of the secret of session n a scenario says `secret-of-n`.
inline constexpr std::string_view kSecretOf = "secret-of-";

}  // namespace scenario
