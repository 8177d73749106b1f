// The public Client: it checks nothing and decides nothing, but makes operations
// of calls and results of outcomes.
#include "turnstile/client.h"

#include <chrono>
#include <exception>
#include <random>
#include <utility>

#include "client/primitives/access.h"
#include "client/primitives/agent.h"
#include "client/wire/endpoint.h"

namespace turnstile {
namespace {

using base::Duration;
using client::Engine;
using client::to_result;

std::optional<Error> find_fault(const Options& options) {
  if (options.ttl.count() <= 0 || options.ttl > std::chrono::hours(24)) {
    return Error(ErrorCode::Invalid, "ERR the TTL of a session is from 1 s to 24 h");
  }
  if (options.patience.count() <= 0 || options.patience > std::chrono::hours(24)) {
    return Error(ErrorCode::Invalid, "ERR patience is longer than 0 ms and at most 24 h");
  }
  return std::nullopt;
}

client::Conversation::Settings to_settings(std::vector<client::Endpoint> endpoints,
                                           Options options) {
  return {.endpoints = std::move(endpoints),
          .who = {.name = std::move(options.name),
                  .user = std::move(options.user),
                  .password = std::move(options.password)},
          .ttl = Duration::from_ms(options.ttl.count()),
          .patience = Duration::from_ms(options.patience.count()),
          .seed = std::random_device()(),
          .has_session = options.session};
}

std::vector<std::string> to_words(std::span<const std::string> argv) {
  return {argv.begin(), argv.end()};
}

}  // namespace

// --- from connect to close

Client::Client(std::shared_ptr<Engine> engine) noexcept : engine_(std::move(engine)) {}

Result<Client> Client::try_connect(std::string_view url, Options options) {
  auto endpoints = client::parse_url(client::url_or_default(url));
  if (!endpoints) return endpoints.error();
  if (auto fault = find_fault(options)) return std::move(*fault);
  try {
    auto executor = std::move(options.executor);
    auto settings = to_settings(std::move(*endpoints), std::move(options));
    auto engine = std::make_shared<Engine>(std::move(settings), std::move(executor));
    Client client(engine);
    auto outcome = engine->perform(client::make_ready());
    if (outcome.error) return std::move(*outcome.error);
    return client;
  } catch (const std::system_error& error) {
    return Error(ErrorCode::Unavailable, std::string("UNAVAILABLE ") + error.what());
  }
}

Client Client::connect(std::string_view url, Options options) {
  return try_connect(url, std::move(options)).value();
}

Client& Client::operator=(Client&& other) noexcept {
  if (this != &other) {
    close();
    engine_ = std::move(other.engine_);
  }
  return *this;
}

Client::~Client() { close(); }

void Client::close() noexcept {
  if (engine_) engine_->close();
}

// --- locks

Result<Grant> Client::acquire(std::vector<Key> keys, AcquireOptions options, bool waits) {
  auto named = client::with_agent(std::move(options));
  auto operation = client::make_acquire(std::move(keys), std::move(named), waits);
  return client::perform_acquire(engine_, std::move(operation));
}

Grant Client::lock(std::string_view key, AcquireOptions options) {
  return acquire({Key(key)}, std::move(options), true).value();
}

Grant Client::lock_all(std::vector<Key> keys, AcquireOptions options) {
  return acquire(std::move(keys), std::move(options), true).value();
}

Result<Grant> Client::try_lock(std::string_view key, AcquireOptions options) {
  return acquire({Key(key)}, std::move(options), false);
}

Result<Grant> Client::try_lock_all(std::vector<Key> keys, AcquireOptions options) {
  return acquire(std::move(keys), std::move(options), false);
}

void Client::lock_all_then(std::vector<Key> keys, AcquireOptions options,
                           std::function<void(Result<Grant>)> done) {
  auto named = client::with_agent_of_its_own(std::move(options));
  auto operation = client::make_acquire(std::move(keys), std::move(named), true);
  client::begin_acquire(engine_, std::move(operation), std::move(done));
}

// --- questions and other commands

Result<Reply> Client::try_info(std::string_view key) {
  return to_result(engine_->perform(client::make_read({"LOCK.INFO", std::string(key)})));
}

Reply Client::info(std::string_view key) { return try_info(key).value(); }

Result<Reply> Client::try_list(std::string_view prefix, int count, std::string_view after) {
  std::vector<std::string> words = {"LOCK.LIST", "COUNT", std::to_string(count)};
  if (!prefix.empty()) words.insert(words.end(), {"PREFIX", std::string(prefix)});
  if (!after.empty()) words.insert(words.end(), {"AFTER", std::string(after)});
  return to_result(engine_->perform(client::make_read(std::move(words))));
}

Reply Client::list(std::string_view prefix, int count, std::string_view after) {
  return try_list(prefix, count, after).value();
}

Result<Reply> Client::try_call(std::span<const std::string> argv, CallOptions options) {
  auto operation = client::make_command(to_words(argv), options);
  return to_result(engine_->perform(std::move(operation), std::move(options.stop)));
}

Result<Reply> Client::try_call(std::initializer_list<std::string> argv, CallOptions options) {
  return try_call(std::span(argv.begin(), argv.size()), std::move(options));
}

Reply Client::call(std::span<const std::string> argv, CallOptions options) {
  return try_call(argv, std::move(options)).value();
}

Reply Client::call(std::initializer_list<std::string> argv, CallOptions options) {
  return try_call(argv, std::move(options)).value();
}

// --- the session

std::stop_token Client::session_lost() const {
  if (const auto session = engine_->session()) return session->lost.get_token();
  std::stop_source none;
  none.request_stop();
  return none.get_token();
}

std::uint64_t Client::session_id() const {
  const auto session = engine_->session();
  return session ? session->id : 0;
}

void Client::on_notice(std::function<void(const Notice&)> listener) {
  engine_->on_notice(std::move(listener));
}

}  // namespace turnstile
