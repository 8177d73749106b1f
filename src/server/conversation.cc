// Requests in, answers out, in order.
#include "server/conversation.h"

#include <fmt/format.h>

#include "base/check.h"
#include "base/fault_point.h"
#include "base/hash.h"
#include "base/planted.h"
#include "command/parse.h"
#include "command/table.h"
#include "server/cluster/slot.h"
#include "server/reply_writer.h"

namespace server {

using command::Code;
using command::Envelope;
using command::Refused;
using command::Reply;

namespace {

resp::RequestLimits request_limits(const command::Limits& limits) {
  resp::RequestLimits request;
  request.arguments = static_cast<std::size_t>(limits.arguments);
  request.argument_bytes = static_cast<std::size_t>(limits.argument_bytes);
  request.request_bytes = static_cast<std::size_t>(limits.request_bytes);
  request.inline_bytes = static_cast<std::size_t>(limits.inline_bytes);
  return request;
}

std::string hex(std::span<const unsigned char> bytes) {
  std::string text;
  for (unsigned char byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

template <class... C>
bool is_one_of(const command::Command& command) {
  return (std::holds_alternative<C>(command) || ...);
}

bool changes_state(const command::Command& command) {
  return !is_one_of<command::SessionInfo, command::SessionList, command::LockCheck,
                    command::LockInfo, command::LockList, command::SemInfo, command::ElectionLeader,
                    command::TaskWhy, command::FlowInfo, command::FlowList, command::EventInfo,
                    command::BarrierInfo, command::LatchInfo>(command);
}

bool is_new_work(const command::Command& command) {
  return is_one_of<command::LockAcquire, command::SemAcquire, command::ElectionCampaign,
                   command::SessionOpen, command::TaskAdd, command::TaskJoin, command::TaskTake>(
      command);
}

}  // namespace

Conversation::Conversation(Service& service, std::string peer)
    : service_(service),
      id_(service.hub.next_connection_id()),
      peer_(std::move(peer)),
      parser_(request_limits(service.limits)) {}

std::size_t Conversation::begin_answer(std::size_t answers) {
  const std::size_t before = output_.size();
  if (shows_index_ && answers > 0) {
    resp::Writer out(output_, version_);
    out.attribute(1);
    out.bulk("index");
    out.integer(service_.pipeline.machine().last_index());
  }
  return before;
}

void Conversation::finish_answer(std::size_t before, std::size_t answers) {
  unanswered_ += answers;
  service_.pipeline.queue(*this, output_.size() - before, answers);
  close_if_unread();
}

/// Of answers that nobody reads only so many bytes are kept.
void Conversation::close_if_unread() {
  const auto most = static_cast<std::size_t>(service_.limits.output_bytes);
  if (output_.size() <= most || PLANTED(OutputUnbounded)) return;
  hopeless_ = true;
  close(fmt::format("{} bytes of answers were left unread (output_bytes)", output_.size()));
}

// --- the socket's side

bool Conversation::wants_input() const {
  const auto& limits = service_.limits;
  return closing_.empty() && unanswered_ < static_cast<std::size_t>(limits.unanswered_requests) &&
         parser_.buffered() < static_cast<std::size_t>(limits.input_bytes);
}

void Conversation::commit(std::size_t size) {
  parser_.commit(size);
  serve_requests();
}

void Conversation::sent(std::size_t size) {
  CHECK_LE(size, released_);
  output_.erase(0, size);
  released_ -= size;
}

void Conversation::let_out(std::size_t bytes, std::size_t answers) {
  CHECK_LE(released_ + bytes, output_.size());
  CHECK_LE(answers, unanswered_);
  released_ += bytes;
  unanswered_ -= answers;
  if (std::exchange(stalled_, false)) service_.hub.resume_later(id_);
  if (wake_) wake_();
}

void Conversation::check_idle(base::Time now) {
  if (is_blocked() || parser_.buffered() == 0 || !closing_.empty()) {
    half_sent_since_ = base::Time::never();
  } else if (half_sent_since_ == base::Time::never()) {
    half_sent_since_ = now;
  } else if (now - half_sent_since_ >= base::Duration::from_ms(service_.limits.request_idle_ms)) {
    close("a request was left half sent (request_idle_ms)");
  }
}

void Conversation::close(std::string why) {
  if (closing_.empty()) closing_ = std::move(why);
  if (wake_) wake_();
}

void Conversation::abandon(const std::string& why, bool at_once) {
  if (at_once) {
    hopeless_ = true;
    return close(why);
  }
  output_.resize(released_);
  const std::size_t unanswered = unanswered_ + (is_blocked() ? 1 : 0);
  resp::Writer out(output_, version_);
  for (std::size_t n = 0; n < unanswered; ++n) write_refusal(out, {Code::Unavailable, why});
  released_ = output_.size();
  unanswered_ = 0;
  blocked_on_ = 0;
  blocked_session_ = 0;
  close(why);
}

void Conversation::serve_requests() {
  if (serving_) return;
  serving_ = true;
  const std::size_t unanswered_max = static_cast<std::size_t>(service_.limits.unanswered_requests);
  while (!is_blocked() && closing_.empty()) {
    if (unanswered_ >= unanswered_max) {
      stalled_ = true;  // goes on when some have been let out
      break;
    }
    const auto request = parser_.next();
    if (!request) break;
    half_sent_since_ = base::Time::never();
    serve(*request);
  }
  serving_ = false;
  if (!parser_.error().empty() && closing_.empty() && !is_blocked()) {
    refuse({Code::Malformed, parser_.error()});
    close(parser_.error());
  }
}

void Conversation::resume() { serve_requests(); }

void Conversation::serve(resp::Request request) {
  auto parsed = command::parse(request, service_.limits);
  if (!parsed) return refuse(parsed.error());
  if (auto elsewhere = refuse_standby(request, parsed->call)) return refuse(*elsewhere);
  std::visit([&](auto& call) { on(call, parsed->envelope); }, parsed->call);
}

void Conversation::refuse(const Refused& refused) {
  write([&](resp::Writer& out) { write_refusal(out, refused); });
}

/// A node that does not lead knows nothing that it may answer from.
std::optional<Refused> Conversation::refuse_standby(const resp::Request& request,
                                                    const command::Call& call) const {
  const bool needs_state = std::holds_alternative<command::Command>(call) ||
                           std::holds_alternative<command::Attach>(call) ||
                           std::holds_alternative<command::ElectionObserve>(call);
  if (!service_.redirects || !needs_state) return std::nullopt;
  const command::CommandSpec* spec = command::find(request);
  const bool has_key = spec != nullptr && spec->takes_key && request.size() > spec->word_count();
  return redirect(*service_.topology, has_key ? slot_of(request[spec->word_count()]) : 0);
}

// --- commands for the machine

std::optional<Refused> Conversation::authorize(const Envelope& envelope,
                                               std::uint64_t& session) const {
  session = session_;
  if (envelope.session == 0) return std::nullopt;
  const base::Sha256 hash = base::sha256(envelope.secret);
  if (!service_.pipeline.machine().knows_session(envelope.session, user_, hash)) {
    return Refused{Code::NoSession, fmt::format("session {} has ended, or this is not its secret",
                                                envelope.session)};
  }
  session = envelope.session;
  return std::nullopt;
}

void Conversation::on(command::Command& command, const Envelope& envelope) {
  std::uint64_t session = 0;
  if (auto refused = authorize(envelope, session)) return refuse(*refused);
  if (auto* open = std::get_if<command::SessionOpen>(&command)) {
    std::array<unsigned char, 16> secret{};
    service_.randomize(secret);
    opening_secret_ = hex(secret);
    open->secret_hash = base::sha256(opening_secret_);
  }
  submit(std::move(command), envelope, session);
}

void Conversation::on(command::Attach& attach, const Envelope&) {
  Envelope envelope;
  envelope.session = attach.id;
  envelope.secret = std::move(attach.secret);
  std::uint64_t session = 0;
  if (auto refused = authorize(envelope, session)) return refuse(*refused);
  adopt_session(session);
  submit(command::SessionAttach{}, envelope, session);
}

std::optional<Refused> Conversation::refuse_work(const command::Command& command) const {
  if (service_.stopping && changes_state(command)) {
    return Refused{Code::Unavailable, "the server is stopping; nothing was changed"};
  }
  if (service_.overloaded && is_new_work(command)) {
    return Refused{Code::Overloaded,
                   "the journal has no room to spare, so nothing new is taken on; releases and "
                   "renewals still work"};
  }
  return std::nullopt;
}

void Conversation::submit(command::Command&& command, const Envelope& envelope,
                          std::uint64_t session) {
  if (auto refused = refuse_work(command)) return refuse(*refused);
  const bool asynchronous = !envelope.ticket.empty();
  if (asynchronous && !can_hear_pushes()) {
    return refuse({Code::Malformed,
                   "ASYNC needs RESP3, for its outcome comes as a push; "
                   "say HELLO 3 first"});
  }
  const bool keeps_alive = std::holds_alternative<command::SessionKeepAlive>(command);
  const bool closes = std::holds_alternative<command::SessionClose>(command);
  command::Entry entry;
  entry.origin = {user_, id_, session};
  entry.request = envelope.request;
  entry.ticket = envelope.ticket;
  entry.command = std::move(command);
  service_.pipeline.submit(std::move(entry), [&](const Reply& reply) {
    const auto* opened = std::get_if<command::Opened>(&reply);
    if (opened != nullptr) return keeps_alive ? answer_kept_alive(*opened) : answer_opened(*opened);
    if (closes && session == session_ && std::holds_alternative<command::Done>(reply)) {
      leave_session();
    }
    answer(reply, asynchronous, session);
  });
}

void Conversation::answer(const Reply& reply, bool asynchronous, std::uint64_t session) {
  const auto* waiting = std::get_if<command::Waiting>(&reply);
  if (waiting != nullptr && !asynchronous) return block(waiting->waiter, session);
  write([&](resp::Writer& out) { write_reply(out, reply); });
}

void Conversation::answer_opened(const command::Opened& opened) {
  adopt_session(opened.session);
  FAULT_POINT("session.after_open");
  write([&](resp::Writer& out) {
    out.map(3);
    out.bulk("id");
    out.integer(opened.session);
    out.bulk("secret");
    out.bulk(opening_secret_);
    out.bulk("ttl");
    out.integer(opened.ttl.ms());
  });
  opening_secret_.clear();
}

void Conversation::answer_kept_alive(const command::Opened& kept) {
  const std::vector<command::Notice> notices = service_.hub.take_notices(kept.session);
  write([&](resp::Writer& out) {
    out.map(2);
    out.bulk("ttl");
    out.integer(kept.ttl.ms());
    out.bulk("notices");
    out.array(notices.size());
    for (const command::Notice& notice : notices) {
      out.array(2);
      out.bulk(notice.kind);
      write_value(out, notice.details);
    }
  });
}

void Conversation::block(std::uint64_t waiter, std::uint64_t session) {
  blocked_on_ = waiter;
  blocked_session_ = session;
  service_.hub.block(waiter, id_);
}

void Conversation::resolve(const Reply& reply) {
  CHECK(is_blocked());
  blocked_on_ = 0;
  blocked_session_ = 0;
  write([&](resp::Writer& out) { write_reply(out, reply); });
}

void Conversation::adopt_session(std::uint64_t session) {
  if (session == session_) return;
  leave_session();
  session_ = session;
  service_.hub.attach(session, id_);
}

void Conversation::leave_session() {
  if (session_ == 0) return;
  const std::uint64_t left = std::exchange(session_, 0);
  service_.hub.detach(left, id_);
}

// --- pushes

void Conversation::push_outcome(const std::string& ticket, const Reply& reply) {
  write(
      [&](resp::Writer& out) {
        out.push(3);
        out.bulk("turnstile");
        out.bulk(ticket);
        write_reply(out, reply);
      },
      0);
}

void Conversation::push_notice(const command::Notice& notice) {
  write(
      [&](resp::Writer& out) {
        out.push(3);
        out.bulk("turnstile-notice");
        out.bulk(notice.kind);
        write_value(out, notice.details);
      },
      0);
}

}  // namespace server
