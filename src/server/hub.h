// Who listens to what: the meeting point of all conversations.
//
// The machine knows sessions, the network knows connections. The hub knows which
// connections speak for which session, which of them blocks on which wait, and so
// who is to be told an event. It also does what the service owes to sessions by
// itself: renewing those whose command blocks, ending those that end with their
// last connection.
#pragma once

#include <absl/container/btree_map.h>
#include <absl/container/btree_set.h>
#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "command/reply.h"
#include "server/pipeline.h"

namespace server {

class Conversation;

/// Used by one thread, the pipeline's.
class Hub final : public EventSink {
 public:
  explicit Hub(Pipeline& pipeline) : pipeline_(pipeline) {}

  // --- connections
  std::uint64_t next_connection_id() { return ++last_connection_id_; }
  void add(const std::shared_ptr<Conversation>& conversation);
  /// The state is void, because another process leads: what was not let out never will be. Every
  /// request without an answer is answered with UNAVAILABLE and `why`, and all connections close;
  /// a last call with `at_once` closes those that do not read.
  void abandon(const std::string& why, bool at_once);
  /// The connection is gone. Its waits without a session end; its session may end.
  void remove(std::uint64_t connection);
  std::size_t connection_count() const { return conversations_.size(); }
  /// In order of their ids.
  const absl::btree_map<std::uint64_t, std::shared_ptr<Conversation>>& conversations() const {
    return conversations_;
  }

  // --- sessions and their connections
  void attach(std::uint64_t session, std::uint64_t connection);
  void detach(std::uint64_t session, std::uint64_t connection);

  // --- elections and who observes them
  void observe(const std::string& election, std::uint64_t connection);
  void ignore(const std::string& election, std::uint64_t connection);

  // --- waits that block a connection
  /// A connection that blocked on this wait before is told that it was taken over.
  void block(std::uint64_t waiter, std::uint64_t connection);
  /// Renews the sessions whose commands block, a third of their TTL after the last renewal.
  void renew_blocked_sessions();

  // --- events
  void deliver(const command::Event& event) override;
  /// Notices of the session that no connection could be pushed; each is handed out once.
  std::vector<command::Notice> take_notices(std::uint64_t session);

  /// Lets connections whose wait is over go on with what they sent meanwhile. Call at the end of
  /// each turn of the event loop, before Pipeline::flush().
  void settle();
  bool is_settled() const { return resumable_.empty(); }
  /// Puts a connection among those that settle() lets go on.
  void resume_later(std::uint64_t connection) { resumable_.push_back(connection); }

 private:
  void on(const command::WaitEnded& ended);
  void on(const command::Notice& notice);
  void on(const command::SessionEnded& ended);
  void on(const command::LeaderChanged& changed);
  Conversation* find(std::uint64_t connection);
  /// Of the session's connections the one attached last that can hear pushes.
  Conversation* find_listener(std::uint64_t session);

  Pipeline& pipeline_;
  bool abandoned_ = false;
  std::uint64_t last_connection_id_ = 0;
  absl::btree_map<std::uint64_t, std::shared_ptr<Conversation>> conversations_;
  absl::flat_hash_map<std::uint64_t, std::vector<std::uint64_t>> attached_;     ///< by session
  absl::flat_hash_map<std::string, absl::btree_set<std::uint64_t>> observers_;  ///< by election
  absl::btree_map<std::uint64_t, std::uint64_t> blocked_;  ///< waiter -> connection
  absl::flat_hash_map<std::uint64_t, std::vector<command::Notice>> notices_;
  std::deque<std::uint64_t> resumable_;
};

}  // namespace server
