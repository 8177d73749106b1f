// Commands as bytes. Arguments are views and numbers become text in a small
// buffer, so that a request costs no allocation beyond the output's own growth.
#include "client/wire/request.h"

#include <absl/container/inlined_vector.h>

#include <array>
#include <charconv>
#include <span>

#include "base/check.h"
#include "resp/request.h"

namespace turnstile::client {
namespace {

/// The arguments of one request. What add() is given must live until append_to().
class Arguments {
 public:
  template <class... Text>
  explicit Arguments(Text... words) {
    (add(words), ...);
  }

  void add(std::string_view text) { views_.push_back(text); }
  void add(std::uint64_t number) {
    CHECK_LT(used_, digits_.size());
    auto& digits = digits_[used_++];
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    views_.emplace_back(digits.data(), static_cast<std::size_t>(end - digits.data()));
  }
  void add(base::Duration duration) { add(static_cast<std::uint64_t>(duration.ms())); }
  void add(Milliseconds duration) { add(static_cast<std::uint64_t>(duration.count())); }

  void append_to(std::string& out) const {
    resp::append_request(out, std::span(views_.data(), views_.size()));
  }

 private:
  using Digits = std::array<char, 20>;

  absl::InlinedVector<std::string_view, 24> views_;
  std::array<Digits, 10> digits_;
  std::size_t used_ = 0;
};

void add_keys(Arguments& arguments, const Operation& operation) {
  bool is_first = true;
  for (const Key& key : operation.keys) {
    if (!is_first) arguments.add("AND");
    is_first = false;
    arguments.add(key.name);
    if (key.shared || operation.options.shared) arguments.add("SHARED");
  }
}

void add_loss(Arguments& arguments, const AcquireOptions& options) {
  switch (options.on_loss) {
    case OnLoss::Free: return;
    case OnLoss::Delay:
      arguments.add("ONLOSS");
      arguments.add("DELAY");
      arguments.add(options.loss_delay);
      return;
    case OnLoss::Hold:
      arguments.add("ONLOSS");
      arguments.add("HOLD");
      return;
  }
}

void add_wait(Arguments& arguments, const Operation& operation) {
  if (operation.wait <= base::Duration()) return;
  arguments.add("WAIT");
  arguments.add(operation.wait);
}

void add_milliseconds(Arguments& arguments, std::string_view word,
                      const std::optional<Milliseconds>& duration) {
  if (!duration) return;
  arguments.add(word);
  arguments.add(*duration);
}

void add_text(Arguments& arguments, std::string_view word, const std::string& text) {
  if (text.empty()) return;
  arguments.add(word);
  arguments.add(text);
}

void add_words(Arguments& arguments, const std::vector<std::string>& words) {
  for (const std::string& word : words) arguments.add(word);
}

/// What is acquired: the command, and the words that it alone has before the options.
void add_wanted(Arguments& arguments, const Operation& operation) {
  switch (operation.wanted) {
    case HoldKind::Lock: arguments.add("LOCK.ACQUIRE"); return add_keys(arguments, operation);
    case HoldKind::Semaphore:
      arguments.add("SEM.ACQUIRE");
      arguments.add(operation.keys.front().name);
      if (operation.limit) {
        arguments.add("LIMIT");
        arguments.add(static_cast<std::uint64_t>(*operation.limit));
      }
      if (operation.permits == 1) return;
      arguments.add("PERMITS");
      return arguments.add(static_cast<std::uint64_t>(operation.permits));
    case HoldKind::Leadership:
      arguments.add("ELECTION.CAMPAIGN");
      arguments.add(operation.keys.front().name);
      return arguments.add(operation.value);
    case HoldKind::Task: return add_words(arguments, operation.argv);
  }
}

void add_acquire(Arguments& arguments, const Operation& operation) {
  const AcquireOptions& options = operation.options;
  const bool is_lock = operation.wanted == HoldKind::Lock;
  add_wanted(arguments, operation);
  add_wait(arguments, operation);
  add_milliseconds(arguments, "LEASE", options.lease);
  if (options.priority != 0) {
    arguments.add("PRIORITY");
    arguments.add(static_cast<std::uint64_t>(options.priority));
  }
  const bool may_preempt = is_lock || operation.wanted == HoldKind::Task;
  if (may_preempt) add_milliseconds(arguments, "PREEMPT", options.preempt);
  if (is_lock) add_text(arguments, "OWNER", options.owner);
  add_text(arguments, "AGENT", options.agent);
  if (is_lock) add_loss(arguments, options);
  add_text(arguments, "NOTE", options.note);
  add_milliseconds(arguments, "IFWITHIN", options.within);
}

/// Which command gives back, renews …: those of a kind have the same arguments.
std::string_view release_word(HoldKind kind) {
  switch (kind) {
    case HoldKind::Lock: return "LOCK.RELEASE";
    case HoldKind::Semaphore: return "SEM.RELEASE";
    case HoldKind::Leadership: return "ELECTION.RESIGN";
    case HoldKind::Task: return "TASK.RELEASE";
  }
  return {};
}

std::string_view renew_word(HoldKind kind) {
  if (kind == HoldKind::Task) return "TASK.EXTEND";
  return kind == HoldKind::Semaphore ? "SEM.RENEW" : "LOCK.RENEW";
}

void add_hold(Arguments& arguments, std::string_view command, const Hold& hold,
              std::string_view key = {}) {
  arguments.add(command);
  if (hold.kind == HoldKind::Task) {
    arguments.add(hold.assignment->flow);
    arguments.add(hold.assignment->task);
  } else {
    CHECK(!hold.keys.empty());
    arguments.add(key.empty() ? std::string_view(hold.keys.front()) : key);
  }
  arguments.add(hold.token.load());
}

void add_command(Arguments& arguments, const Operation& operation) {
  const Hold* hold = operation.hold.get();
  switch (operation.kind) {
    case Operation::Kind::Ready: CHECK(operation.kind != Operation::Kind::Ready); return;
    case Operation::Kind::Acquire: return add_acquire(arguments, operation);
    case Operation::Kind::Release:
      add_hold(arguments, release_word(hold->kind), *hold);
      return add_words(arguments, operation.argv);
    case Operation::Kind::Renew:
      add_hold(arguments, renew_word(hold->kind), *hold);
      if (hold->kind != HoldKind::Task) arguments.add("LEASE");
      return arguments.add(operation.lease);
    case Operation::Kind::Check: return add_hold(arguments, "LOCK.CHECK", *hold);
    case Operation::Kind::Upgrade:
      add_hold(arguments, "LOCK.UPGRADE", *hold, operation.key);
      return add_wait(arguments, operation);
    case Operation::Kind::Downgrade:
      return add_hold(arguments, "LOCK.DOWNGRADE", *hold, operation.key);
    case Operation::Kind::Proclaim:
      add_hold(arguments, "ELECTION.PROCLAIM", *hold);
      return arguments.add(operation.value);
    case Operation::Kind::Wait:
      add_words(arguments, operation.argv);
      return add_wait(arguments, operation);
    case Operation::Kind::Finish:
    case Operation::Kind::Command: return add_words(arguments, operation.argv);
  }
}

}  // namespace

void append_hello(std::string& out, const Introduction& who) {
  Arguments arguments("HELLO", "3");
  if (!who.user.empty() || !who.password.empty()) {
    arguments.add("AUTH");
    arguments.add(who.user.empty() ? std::string_view("default") : who.user);
    arguments.add(who.password);
  }
  arguments.append_to(out);
}

void append_open(std::string& out, const Introduction& who, base::Duration ttl) {
  Arguments arguments("SESSION.OPEN", "TTL");
  arguments.add(ttl);
  if (!who.name.empty()) {
    arguments.add("NAME");
    arguments.add(who.name);
  }
  arguments.append_to(out);
}

void append_attach(std::string& out, std::uint64_t session, std::string_view secret) {
  Arguments arguments("SESSION.ATTACH");
  arguments.add(session);
  arguments.add(secret);
  arguments.append_to(out);
}

void append_keep_alive(std::string& out) { Arguments("SESSION.KEEPALIVE").append_to(out); }
void append_burn(std::string& out, std::uint64_t request) {
  Arguments arguments("SESSION.KEEPALIVE", "REQUEST");
  arguments.add(request);
  arguments.append_to(out);
}

void append_close(std::string& out) { Arguments("SESSION.CLOSE").append_to(out); }
void append_ping(std::string& out) { Arguments("PING").append_to(out); }

void append_cancel(std::string& out, std::uint64_t ticket) {
  Arguments arguments("CANCEL");
  arguments.add(ticket);
  arguments.append_to(out);
}

void append_operation(std::string& out, const Operation& operation) {
  Arguments arguments;
  add_command(arguments, operation);
  if (operation.request != 0) {
    arguments.add("REQUEST");
    arguments.add(operation.request);
  }
  if (operation.ticket != 0) {
    arguments.add("ASYNC");
    arguments.add(operation.ticket);
  }
  arguments.append_to(out);
}

}  // namespace turnstile::client
