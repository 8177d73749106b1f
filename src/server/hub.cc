// Delivering events to connections.
#include "server/hub.h"

#include <algorithm>

#include "base/fault_point.h"
#include "server/conversation.h"

namespace server {
namespace {

/// Notices kept for a session that nobody listens to; older ones are dropped first.
constexpr std::size_t kNoticesMax = 64;

}  // namespace

void Hub::add(const std::shared_ptr<Conversation>& conversation) {
  conversations_.emplace(conversation->id(), conversation);
}

void Hub::abandon(const std::string& why, bool at_once) {
  abandoned_ = true;
  std::vector<std::shared_ptr<Conversation>> all;
  for (const auto& [id, conversation] : conversations_) all.push_back(conversation);
  for (const auto& conversation : all) conversation->abandon(why, at_once);
}

void Hub::remove(std::uint64_t connection) {
  const auto it = conversations_.find(connection);
  if (it == conversations_.end()) return;
  const std::shared_ptr<Conversation> conversation = it->second;
  conversations_.erase(it);
  if (abandoned_) return;
  if (conversation->is_blocked()) blocked_.erase(conversation->blocked_on());
  for (const std::string& election : conversation->observed()) ignore(election, connection);
  FAULT_POINT("connection.before_disconnect");
  pipeline_.submit(command::Disconnect{}, {{}, connection, 0});
  if (conversation->session() != 0) detach(conversation->session(), connection);
}

void Hub::attach(std::uint64_t session, std::uint64_t connection) {
  attached_[session].push_back(connection);
}

void Hub::detach(std::uint64_t session, std::uint64_t connection) {
  const auto it = attached_.find(session);
  if (it == attached_.end()) return;
  std::erase(it->second, connection);
  if (!it->second.empty()) return;
  attached_.erase(it);
  const state::Session* left = pipeline_.machine().find_session(session);
  if (left == nullptr || !left->end_on_close) return;
  pipeline_.submit(command::Disconnect{}, {left->user, connection, session});
}

void Hub::observe(const std::string& election, std::uint64_t connection) {
  observers_[election].insert(connection);
}

void Hub::ignore(const std::string& election, std::uint64_t connection) {
  const auto it = observers_.find(election);
  if (it == observers_.end()) return;
  it->second.erase(connection);
  if (it->second.empty()) observers_.erase(it);
}

void Hub::block(std::uint64_t waiter, std::uint64_t connection) {
  const auto [it, added] = blocked_.emplace(waiter, connection);
  if (added) return;
  const std::uint64_t before = std::exchange(it->second, connection);
  if (Conversation* other = find(before); other != nullptr && before != connection) {
    other->resolve(command::Refused{command::Code::Cancelled,
                                    "the request was repeated over another connection"});
    resumable_.push_back(before);
  }
}

void Hub::renew_blocked_sessions() {
  std::vector<command::Origin> due;
  for (const auto& [waiter, connection] : blocked_) {
    const Conversation* conversation = find(connection);
    if (conversation == nullptr || conversation->blocked_session() == 0) continue;
    const state::Session* session =
        pipeline_.machine().find_session(conversation->blocked_session());
    if (session == nullptr) continue;
    if (pipeline_.cluster_now() < session->renewed + session->ttl / 3) continue;
    due.push_back({session->user, connection, session->id});
  }
  for (command::Origin& origin : due) {
    pipeline_.submit(command::SessionKeepAlive{}, std::move(origin));
  }
}

void Hub::deliver(const command::Event& event) {
  std::visit([this](const auto& e) { on(e); }, event);
}

/// To the connection that asked; if it is gone, to the session's connection attached last. What
/// reaches nobody is in the answer to the next ATTACH.
void Hub::on(const command::WaitEnded& ended) {
  if (const auto it = blocked_.find(ended.waiter); it != blocked_.end()) {
    const std::uint64_t connection = it->second;
    blocked_.erase(it);
    if (Conversation* conversation = find(connection)) {
      conversation->resolve(ended.reply);
      resumable_.push_back(connection);
    }
    return;
  }
  if (ended.ticket.empty()) return;
  Conversation* listener = find(ended.connection);
  if (listener == nullptr || !listener->can_hear_pushes()) listener = find_listener(ended.session);
  if (listener != nullptr) listener->push_outcome(ended.ticket, ended.reply);
}

void Hub::on(const command::Notice& notice) {
  if (notice.session == 0) {
    Conversation* asker = find(notice.connection);
    if (asker != nullptr && asker->can_hear_pushes()) asker->push_notice(notice);
    return;
  }
  bool heard = false;
  if (const auto it = attached_.find(notice.session); it != attached_.end()) {
    for (std::uint64_t connection : it->second) {
      Conversation* conversation = find(connection);
      if (conversation == nullptr || !conversation->can_hear_pushes()) continue;
      conversation->push_notice(notice);
      heard = true;
    }
  }
  if (heard) return;
  auto& kept = notices_[notice.session];
  if (kept.size() == kNoticesMax) kept.erase(kept.begin());
  kept.push_back(notice);
}

void Hub::on(const command::SessionEnded& ended) {
  if (ended.cause == "expired") {
    command::Notice notice{ended.session, 0, "lost", {}};
    notice.details = {{"session", ended.session}, {"cause", ended.cause}};
    on(notice);
  }
  notices_.erase(ended.session);
}

void Hub::on(const command::LeaderChanged& changed) {
  const auto it = observers_.find(changed.election);
  if (it == observers_.end()) return;
  const command::Notice notice{0, 0, "leader", std::get<command::Value::Map>(changed.leader.data)};
  for (const std::uint64_t connection : it->second) {
    Conversation* observer = find(connection);
    if (observer != nullptr && observer->can_hear_pushes()) observer->push_notice(notice);
  }
}

std::vector<command::Notice> Hub::take_notices(std::uint64_t session) {
  const auto it = notices_.find(session);
  if (it == notices_.end()) return {};
  std::vector<command::Notice> taken = std::move(it->second);
  notices_.erase(it);
  return taken;
}

void Hub::settle() {
  while (!resumable_.empty()) {
    const std::uint64_t connection = resumable_.front();
    resumable_.pop_front();
    const auto it = conversations_.find(connection);
    if (it == conversations_.end()) continue;
    const std::shared_ptr<Conversation> conversation = it->second;
    conversation->resume();
  }
}

Conversation* Hub::find(std::uint64_t connection) {
  const auto it = conversations_.find(connection);
  return it == conversations_.end() ? nullptr : it->second.get();
}

Conversation* Hub::find_listener(std::uint64_t session) {
  const auto it = attached_.find(session);
  if (session == 0 || it == attached_.end()) return nullptr;
  for (auto id = it->second.rbegin(); id != it->second.rend(); ++id) {
    Conversation* conversation = find(*id);
    if (conversation != nullptr && conversation->can_hear_pushes()) return conversation;
  }
  return nullptr;
}

}  // namespace server
