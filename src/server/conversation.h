// One connection, without its socket: bytes in, bytes out.
//
// It parses requests, answers what concerns the connection itself, passes the
// rest to the pipeline, and holds each answer back until the pipeline lets it
// out. It does no I/O and knows no clock but the pipeline's, so that a simulator
// drives the very same code over a network of its own.
#pragma once

#include <absl/container/btree_set.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "command/request.h"
#include "resp/parser.h"
#include "resp/writer.h"
#include "server/cluster/topology.h"
#include "server/hub.h"
#include "server/pipeline.h"

namespace server {

/// What all conversations of a server share.
struct Service {
  Pipeline& pipeline;
  Hub& hub;
  command::Limits limits;
  /// Fills the bytes with randomness fit for secrets.
  std::function<void(std::span<unsigned char>)> randomize;
  /// The text of INFO, all sections or the named ones.
  std::function<std::string(std::span<const std::string>)> describe;
  /// Set when the service stops: changing commands are refused from then on.
  bool stopping = false;
  /// In a cluster: who leads, and so on. Null on a node that is alone.
  const Topology* topology = nullptr;
  /// Set on a node that does not lead: commands for the state are sent elsewhere.
  bool redirects = false;
  /// Set while the journal has no room to spare: only new work is refused, never a release.
  bool overloaded = false;
};

class Conversation final : public Recipient {
 public:
  Conversation(Service& service, std::string peer);

  std::uint64_t id() const { return id_; }
  const std::string& peer() const { return peer_; }
  const std::string& name() const { return name_; }
  std::uint64_t session() const { return session_; }
  /// The elections whose changes it is told of.
  const absl::btree_set<std::string>& observed() const { return observed_; }
  bool can_hear_pushes() const { return version_ == 3; }

  // --- the socket's side
  /// Room to read into. Only while wants_input().
  std::span<char> prepare() { return parser_.prepare(kReadBytes); }
  /// Serves the requests that are complete now.
  void commit(std::size_t size);
  /// False while it has read ahead, or has left unanswered, as much as it may.
  bool wants_input() const;
  /// Bytes that may be sent now. The view lives until the next call that is not const.
  std::string_view output() const { return std::string_view(output_).substr(0, released_); }
  void sent(std::size_t size);
  /// Bytes of answers that are kept, those that may not be sent yet included.
  std::size_t held_bytes() const { return output_.size(); }
  /// Why the connection is to be closed once output() is sent; empty: it is not.
  const std::string& closing() const { return closing_; }
  /// Whether every request taken in has been answered and the answers sent.
  bool is_finished() const { return unanswered_ == 0 && output_.empty() && !is_blocked(); }
  /// Whether it is to be closed at once, unsent bytes or not.
  bool is_hopeless() const { return hopeless_; }
  /// Called when there is something new for the socket to do.
  void set_wake(std::function<void()> wake) { wake_ = std::move(wake); }
  /// Closes a connection that has left a request half sent for too long.
  void check_idle(base::Time now);

  // --- the hub's side
  /// The wait that blocks the connection is decided.
  void resolve(const command::Reply& reply);
  bool is_blocked() const { return blocked_on_ != 0; }
  std::uint64_t blocked_on() const { return blocked_on_; }
  /// The session the blocking command acts for.
  std::uint64_t blocked_session() const { return blocked_session_; }
  /// Goes on with what was sent while it was blocked.
  void resume();
  void push_outcome(const std::string& ticket, const command::Reply& reply);
  void push_notice(const command::Notice& notice);
  void close(std::string why);
  /// See Hub::abandon().
  void abandon(const std::string& why, bool at_once);

  // --- the pipeline's side
  void let_out(std::size_t bytes, std::size_t answers) override;

 private:
  static constexpr std::size_t kReadBytes = 16 * 1024;

  void serve_requests();
  void serve(resp::Request request);
  void refuse(const command::Refused& refused);
  std::optional<command::Refused> refuse_standby(const resp::Request& request,
                                                 const command::Call& call) const;

  // A function for each command that the server answers itself.
  void on(command::Hello& hello, const command::Envelope& envelope);
  void on(command::Ping& ping, const command::Envelope& envelope);
  void on(command::Quit& quit, const command::Envelope& envelope);
  void on(command::ServerInfo& info, const command::Envelope& envelope);
  void on(command::CommandList& list, const command::Envelope& envelope);
  void on(command::CommandCount& count, const command::Envelope& envelope);
  void on(command::CommandDocs& docs, const command::Envelope& envelope);
  void on(command::CommandInfo& info, const command::Envelope& envelope);
  void on(command::ClientId& id, const command::Envelope& envelope);
  void on(command::ClientSetName& set, const command::Envelope& envelope);
  void on(command::ClientGetName& get, const command::Envelope& envelope);
  void on(command::ClientSetInfo& set, const command::Envelope& envelope);
  void on(command::ClientIndex& index, const command::Envelope& envelope);
  void on(command::ClusterQuery& query, const command::Envelope& envelope);
  void on(command::ElectionObserve& observe, const command::Envelope& envelope);
  void on(command::Attach& attach, const command::Envelope& envelope);
  void on(command::Command& command, const command::Envelope& envelope);

  /// The session the request acts for: the connection's, or the one that the envelope names with
  /// its secret. Refused if the secret is wrong.
  std::optional<command::Refused> authorize(const command::Envelope& envelope,
                                            std::uint64_t& session) const;
  std::optional<command::Refused> refuse_work(const command::Command& command) const;
  void submit(command::Command&& command, const command::Envelope& envelope, std::uint64_t session);
  void answer(const command::Reply& reply, bool asynchronous, std::uint64_t session);
  void answer_opened(const command::Opened& opened);
  void answer_kept_alive(const command::Opened& kept);
  void block(std::uint64_t waiter, std::uint64_t session);
  void adopt_session(std::uint64_t session);
  void leave_session();

  /// Writes one answer, its index first if the client asked for it, and queues it.
  template <class Write>
  void write(Write&& write, std::size_t answers = 1) {
    const std::size_t before = begin_answer(answers);
    resp::Writer out(output_, version_);
    write(out);
    finish_answer(before, answers);
  }
  /// As write(), for what depends on no entry: at once if nothing is held back before it.
  template <class Write>
  void write_at_once(Write&& write) {
    if (unanswered_ != 0 || released_ != output_.size()) return this->write(write);
    resp::Writer out(output_, version_);
    write(out);
    released_ = output_.size();
    close_if_unread();
    if (wake_) wake_();
  }
  std::size_t begin_answer(std::size_t answers);
  void finish_answer(std::size_t before, std::size_t answers);
  void close_if_unread();

  Service& service_;
  std::uint64_t id_;
  std::string peer_;
  std::string name_;
  std::string library_;
  std::string library_version_;
  std::string user_ = "default";
  resp::Parser parser_;
  int version_ = 2;
  bool shows_index_ = false;

  absl::btree_set<std::string> observed_;
  std::uint64_t session_ = 0;
  std::string opening_secret_;  ///< of the SESSION.OPEN being applied
  std::uint64_t blocked_on_ = 0;
  std::uint64_t blocked_session_ = 0;
  bool serving_ = false;
  bool stalled_ = false;  ///< requests may lie in the parser because too many wait for an answer

  std::string output_;
  std::size_t released_ = 0;    ///< bytes of output_ that may be sent
  std::size_t unanswered_ = 0;  ///< answers not yet let out
  base::Time half_sent_since_ = base::Time::never();
  std::string closing_;
  bool hopeless_ = false;
  std::function<void()> wake_;
};

}  // namespace server
