// What a recording client asks for next: any command there is, made of few names,
// so that clients get into each other's way, and of what the client knows.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "resp/value.h"
#include "sim/chance.h"
#include "sim/plan.h"

namespace sim {

/// One request, without its REQUEST number, its ticket and its session.
struct Wish {
  std::vector<std::string> argv;
  bool is_change = false;  ///< takes a REQUEST number
  bool may_wait = false;   ///< takes a ticket

  /// How long it may wait for its outcome; zero: it says no WAIT.
  base::Duration wait() const;
};

/// Draws wishes, and learns from the answers. One for each client and session.
class Requests {
 public:
  Requests(const Plan& plan, std::uint64_t client, Chance& chance)
      : plan_(plan), client_(client), chance_(chance) {}

  Wish next();
  /// The outcome of a request.
  void learn(const std::vector<std::string>& argv, const resp::Value& reply);
  /// The session is over.
  void forget();
  /// How many a barrier takes. One of three parties is never asked to do with fewer.
  static std::int64_t parties_of(std::string_view barrier);

 private:
  enum class Kind : std::uint8_t { Lock, Semaphore, Election, Task };
  struct Held {
    Kind kind;
    std::string name;
    std::string task;  ///< of a task; `name` is the flow
    std::string token;
  };
  using Words = std::vector<std::string>;

  Wish lock_wish();
  Wish acquire();
  Wish semaphore_wish();
  Wish election_wish();
  Wish task_wish();
  Wish report();
  Wish signal_wish();
  Wish session_wish();
  Wish look();
  base::Duration longest_at_barrier() const;
  std::string name(const char* kind);
  std::string task();
  const Held* held(Kind kind);
  std::string number(std::int64_t low, std::int64_t high);
  void add_terms(Words& words);
  void add_declaration(Words& words);

  const Plan& plan_;
  const std::uint64_t client_;
  Chance& chance_;
  std::vector<Held> held_;
  std::int64_t seen_generation_ = 0;  ///< of an event
};

}  // namespace sim
