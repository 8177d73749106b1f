// See locker.h.
#include "locker.h"

#include <fmt/format.h>
#include <turnstile/turnstile.h>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <utility>

#include "bare_connection.h"
#include "resp/value.h"

namespace bench {
namespace {

/// Longer than any wait here ought to be; a worker that waits longer makes the run fail.
constexpr std::chrono::milliseconds kWait = std::chrono::minutes(1);

class BareLocker final : public Locker {
 public:
  explicit BareLocker(std::uint16_t port) : connection_(port) {}

  std::uint64_t lock(const std::string& key) override {
    const resp::Value grant = connection_.call({"LOCK.ACQUIRE", key, "WAIT", wait_});
    const resp::Value* field = grant.find("token");
    const std::optional<std::int64_t> token = field ? field->as_integer() : std::nullopt;
    if (!token) throw std::runtime_error("LOCK.ACQUIRE: no token: " + resp::to_text(grant));
    key_ = key;
    token_ = std::to_string(*token);
    return static_cast<std::uint64_t>(*token);
  }

  void unlock() override {
    const resp::Value answer = connection_.call({"LOCK.RELEASE", key_, token_});
    if (answer.as_integer() != 1) throw std::runtime_error("LOCK.RELEASE: not held any more");
  }

 private:
  const std::string wait_ = std::to_string(kWait.count());
  BareConnection connection_;
  std::string key_;
  std::string token_;
};

class LibraryLocker final : public Locker {
 public:
  explicit LibraryLocker(std::shared_ptr<turnstile::Client> client) : client_(std::move(client)) {}

  std::uint64_t lock(const std::string& key) override {
    grant_ = client_->lock(key, {.wait = kWait});
    return grant_.token();
  }

  void unlock() override {
    if (!grant_.release()) throw std::runtime_error("Grant::release: not held any more");
  }

 private:
  std::shared_ptr<turnstile::Client> client_;
  turnstile::Grant grant_;
};

}  // namespace

std::string_view to_string(Way way) { return way == Way::Bare ? "bare" : "library"; }

std::vector<std::unique_ptr<Locker>> make_lockers(Way way, std::uint16_t port, int workers) {
  std::vector<std::unique_ptr<Locker>> lockers;
  std::shared_ptr<turnstile::Client> client;
  if (way == Way::Library) {
    client = std::make_shared<turnstile::Client>(turnstile::Client::connect(
        fmt::format("turnstile://127.0.0.1:{}", port), {.name = "bench"}));
  }
  for (int i = 0; i < workers; ++i) {
    if (way == Way::Bare) {
      lockers.push_back(std::make_unique<BareLocker>(port));
    } else {
      lockers.push_back(std::make_unique<LibraryLocker>(client));
    }
  }
  return lockers;
}

}  // namespace bench
