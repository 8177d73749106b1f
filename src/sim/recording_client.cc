// Asking, and writing down.
#include "sim/recording_client.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

#include "resp/request.h"

namespace sim {

using base::Duration;
using base::Time;

namespace {

/// After the longest wait that is asked for, an outcome has had this long to come.
constexpr Duration kOutcomeWithin = Duration::from_seconds(3);

}  // namespace

RecordingClient::RecordingClient(std::uint64_t number, Timeline& timeline, Network& network,
                                 const Plan& plan, checker::History& history, Judge& judge,
                                 Chance chance)
    : number_(number),
      timeline_(timeline),
      network_(network),
      plan_(plan),
      history_(history),
      judge_(judge),
      chance_(std::move(chance)),
      process_(timeline),
      requests_(plan, number, chance_),
      left_(plan.operations),
      in_flight_max_(static_cast<std::uint64_t>(chance_.between(1, 5))) {}

void RecordingClient::start() {
  is_dead_ = false;
  connect();
  watch();
  keep_alive();
}

bool RecordingClient::die() {
  if (is_done_ || std::exchange(is_dead_, true)) return false;
  hang_up();
  process_.kill();
  lose_session();
  timeline_.after(chance_.between(Duration::from_ms(1), Duration::from_seconds(2)),
                  [this] { start(); });
  return true;
}

// --- the connection

void RecordingClient::connect() {
  const std::uint64_t serial = ++serial_;
  const auto is_wanted = [this, serial] { return serial_ == serial && !is_done_; };
  Connection::Ear ear;
  ear.process = &process_;
  ear.on_bytes = [this, is_wanted](std::string_view bytes) {
    if (is_wanted()) on_bytes(bytes);
  };
  ear.on_hang_up = [this, is_wanted](bool) {
    if (is_wanted()) come_back();
  };
  ear.on_room = [this, is_wanted] {
    if (is_wanted()) flush();
  };
  quiet_since_ = process_.now();
  network_.connect(std::move(ear), [this, is_wanted](const std::shared_ptr<Connection>& made) {
    if (!is_wanted()) {
      if (made) made->close(End::Client);
    } else if (made) {
      on_connected(made);
    } else {
      come_back();
    }
  });
}

void RecordingClient::hang_up() {
  if (connection_ && connection_->is_open(End::Client)) connection_->close(End::Client);
  connection_.reset();
  ++serial_;
  is_ready_ = is_spoiled_ = false;
  parser_ = resp::ReplyParser();
  output_.clear();
  awaited_.clear();
  by_ticket_.clear();
}

void RecordingClient::come_back() {
  hang_up();
  process_.after(chance_.between(Duration::from_ms(1), Duration::from_ms(300)),
                 [this, serial = serial_] {
                   if (serial == serial_) connect();
                 });
}

void RecordingClient::on_connected(const std::shared_ptr<Connection>& connection) {
  connection_ = connection;
  write({"HELLO", "3"}, Step::Hello);
  write({"CLIENT", "INDEX", "ON"}, Step::Index);
  if (session_ != 0) {
    if (chance_.one_in(4)) {
      write({"SESSION.ATTACH", std::to_string(session_), "a guess"}, Step::Trespass);
    }
    write({"SESSION.ATTACH", std::to_string(session_), secret_}, Step::Attach);
  } else {
    write({"SESSION.OPEN", "TTL", std::to_string(plan_.ttl.ms()), "NAME",
           fmt::format("recorder-{}", number_)},
          Step::Open);
  }
  flush();
}

void RecordingClient::on_bytes(std::string_view bytes) {
  quiet_since_ = process_.now();
  parser_.feed(bytes);
  const std::uint64_t serial = serial_;
  while (auto value = parser_.next()) {
    on_value(*value);
    if (serial != serial_) return;
  }
  if (!parser_.error().empty()) {
    judge_.complain("the server sends what is no reply: " + parser_.error());
    return come_back();
  }
  flush();
}

void RecordingClient::on_value(const resp::Value& value) {
  if (is_spoiled_) return;
  if (value.is_push()) {
    if (value.items.size() != 3 || value.items[0].text != "turnstile") return;
    const auto ticket = by_ticket_.find(value.items[1].text);
    if (ticket == by_ticket_.end()) return;
    const std::size_t operation = ticket->second;
    by_ticket_.erase(ticket);
    return on_outcome(operation, value.items[2]);
  }
  if (awaited_.empty()) {
    // An error that closes the connection answers no request.
    if (!value.is_error())
      judge_.complain("an answer came that nobody awaits: " + resp::to_text(value));
    return;
  }
  const Awaited awaited = awaited_.front();
  awaited_.pop_front();
  on_reply(awaited, value);
}

void RecordingClient::on_reply(const Awaited& awaited, const resp::Value& value) {
  switch (awaited.step) {
    case Step::Hello:
    case Step::Index: return;
    case Step::Trespass:
      if (!value.is_error()) judge_.complain("a session was given to who does not know its secret");
      return;
    case Step::Open: return on_opened(value);
    case Step::Attach:
      if (value.is_error()) {
        if (value.error_code() != "NOSESSION") return come_back();
        lose_session();
        return is_closing_ ? finish() : come_back();
      }
      is_ready_ = true;
      is_closing_ = false;
      // What got no answer is asked for again, under the same number.
      for (const auto& [request, open] : std::map(open_)) send(open.wish, request);
      return go_on();
    case Step::Close: return finish();
    case Step::Operation: break;
  }
  checker::Operation& operation = history_[awaited.operation];
  const auto* index = value.find_attribute("index");
  const auto number = index != nullptr ? index->as_integer() : std::nullopt;
  const bool is_queued = value.type == resp::Type::Simple && value.text == "QUEUED";
  if (is_queued) {
    operation.queued_index = static_cast<std::uint64_t>(number.value_or(0));
    return;
  }
  operation.index = static_cast<std::uint64_t>(number.value_or(0));
  std::erase_if(by_ticket_, [&](const auto& item) { return item.second == awaited.operation; });
  on_outcome(awaited.operation, value);
}

void RecordingClient::on_outcome(std::size_t at, const resp::Value& value) {
  checker::Operation& operation = history_[at];
  if (operation.request != 0) outcome_since_ = process_.now();
  operation.returned = timeline_.now();
  operation.reply = value;
  operation.reply->attributes.clear();
  // A grant's token is the index of the entry that granted it.
  const auto* token = value.find("token");
  if (operation.index == 0 && token != nullptr && operation.queued_index != 0) {
    operation.index = static_cast<std::uint64_t>(token->as_integer().value_or(0));
  }
  judge_round(operation, value);
  requests_.learn(operation.argv, value);
  if (operation.request != 0) open_.erase(operation.request);
  if (value.error_code() == "NOSESSION") {
    lose_session();
    return come_back();
  }
  go_on();
}

/// Whoever dies at a barrier breaks it, unless he said otherwise; nobody goes on without him.
void RecordingClient::judge_round(const checker::Operation& operation, const resp::Value& value) {
  if (operation.argv.front() != "BARRIER.ARRIVE" || value.is_error()) return;
  const std::string& barrier = operation.argv[1];
  const std::int64_t parties = Requests::parties_of(barrier);
  const auto* arrived = value.find("parties");
  if (parties == 2 || arrived == nullptr || arrived->as_integer() == parties) return;
  judge_.complain(fmt::format("{} went on with {} of {} parties", barrier,
                              arrived->as_integer().value_or(0), parties));
}

// --- the session

void RecordingClient::on_opened(const resp::Value& value) {
  const auto* id = value.find("id");
  const auto* secret = value.find("secret");
  if (id == nullptr || secret == nullptr) return come_back();
  session_ = static_cast<std::uint64_t>(id->as_integer().value_or(0));
  secret_ = secret->text;
  last_request_ = 0;
  is_ready_ = true;
  is_closing_ = false;
  go_on();
}

void RecordingClient::lose_session() {
  session_ = 0;
  open_.clear();
  requests_.forget();
}

void RecordingClient::keep_alive() {
  process_.after(plan_.ttl / 3, [this] {
    if (is_done_) return;
    if (is_ready_ && !is_closing_) {
      send({{"SESSION.KEEPALIVE"}, false, false}, 0);
      flush();
    }
    keep_alive();
  });
}

// --- asking

void RecordingClient::go_on() {
  if (!is_ready_ || is_closing_) return;
  if (left_ == 0 && open_.empty() && awaited_.empty()) {
    is_closing_ = true;
    write({"SESSION.CLOSE"}, Step::Close);
    return flush();
  }
  if (awaited_.size() + by_ticket_.size() >= in_flight_max_) return;
  process_.after(
      chance_.between(Duration::from_us(1), Duration::from_ms(chance_.one_in(10) ? 300 : 30)),
      [this, serial = serial_] {
        if (serial == serial_) send_next();
      });
}

void RecordingClient::send_next() {
  if (!is_ready_ || is_closing_ || left_ == 0) return;
  if (awaited_.size() + by_ticket_.size() >= in_flight_max_) return;
  if (open_.size() >= 64) return;
  --left_;
  const Wish wish = requests_.next();
  std::uint64_t request = 0;
  if (wish.is_change && !chance_.one_in(8)) {
    request = ++last_request_;
    open_[request] = {wish, request};
  }
  send(wish, request);
  flush();
  go_on();
}

void RecordingClient::send(const Wish& wish, std::uint64_t request) {
  checker::Operation operation;
  operation.client = number_;
  operation.invoked = timeline_.now();
  operation.session = session_;
  operation.request = request;
  operation.argv = wish.argv;
  std::vector<std::string> words = wish.argv;
  if (request != 0) words.insert(words.end(), {"REQUEST", std::to_string(request)});
  if (wish.may_wait && !chance_.one_in(3)) {
    const std::string ticket = fmt::format("{}.{}", number_, ++last_ticket_);
    by_ticket_[ticket] = history_.size();
    operation.argv.insert(operation.argv.end(), {"ASYNC", ticket});
    words.insert(words.end(), {"ASYNC", ticket});
  }
  history_.push_back(std::move(operation));
  write(words, Step::Operation, history_.size() - 1);
}

void RecordingClient::write(const std::vector<std::string>& argv, Step step,
                            std::size_t operation) {
  const std::vector<std::string_view> views(argv.begin(), argv.end());
  resp::append_request(output_, views);
  awaited_.push_back({step, operation});
}

void RecordingClient::flush() {
  if (!connection_ || !connection_->is_open(End::Client)) return;
  const std::size_t size = std::min(output_.size(), connection_->room(End::Client));
  if (size == 0) return;
  connection_->send(End::Client, std::string_view(output_).substr(0, size));
  output_.erase(0, size);
}

/// Gives up a connection on which nothing has come for too long, and one now and then for no
/// reason.
void RecordingClient::watch() {
  process_.after(Duration::from_ms(500), [this] {
    if (is_done_) return;
    const bool awaits = !awaited_.empty() || !connection_;
    // An outcome may have gone to an old connection, over which the request had come once more;
    // whoever repeats it over this one hears it.
    Duration wait_most;
    for (const auto& [request, open] : open_) wait_most = std::max(wait_most, open.wish.wait());
    const bool is_missing =
        !open_.empty() && process_.now() - outcome_since_ > wait_most + kOutcomeWithin;
    if ((awaits && process_.now() - quiet_since_ > plan_.ttl) || is_missing) {
      outcome_since_ = process_.now();
      come_back();
    }
    go_on();
    watch();
  });
}

bool RecordingClient::stop_reading(Duration length) {
  if (!connection_) return false;
  if (is_ready_ && chance_.one_in(2)) ask_for_more_than_it_reads(length);
  connection_->stop_reading(End::Client);
  timeline_.after(length, [connection = connection_] { connection->go_on_reading(End::Client); });
  return true;
}

/// More than the system and the server may hold for it. The connection is given up afterwards.
void RecordingClient::ask_for_more_than_it_reads(Duration length) {
  const std::string payload(1'000, 'x');
  const std::string_view ping[] = {"PING", payload};
  for (int i = 0; i < 100; ++i) resp::append_request(output_, ping);
  flush();
  is_ready_ = false;
  is_spoiled_ = true;
  process_.after(length, [this, serial = serial_] {
    if (serial == serial_) come_back();
  });
}

bool RecordingClient::send_garbage() {
  if (!connection_ || !is_ready_) return false;
  constexpr std::string_view kGarbage[] = {"*-1\r\n",          "$5\r\nhello\r\n",
                                           "*2147483647\r\n",  "*1\r\n$9999999999\r\n",
                                           "\xff\xfe\x00\r\n", "*1\r\n:1\r\n"};
  output_ += chance_.pick(kGarbage);
  flush();
  is_ready_ = false;
  is_spoiled_ = true;
  process_.after(Duration::from_ms(100), [this, serial = serial_] {
    if (serial == serial_) come_back();
  });
  return true;
}

std::string RecordingClient::to_string() const {
  std::string text =
      fmt::format("recorder {}: session {}, {} operations left", number_, session_, left_);
  if (!connection_) text += ", not connected";
  if (!is_ready_) text += ", not ready";
  for (const auto& [request, open] : open_) {
    text += fmt::format("; request {} is open: {}", request, fmt::join(open.wish.argv, " "));
  }
  for (const Awaited& awaited : awaited_) {
    text += fmt::format("; awaits the answer of step {}", static_cast<int>(awaited.step));
    if (awaited.step != Step::Operation) continue;
    text += fmt::format(": {}", fmt::join(history_[awaited.operation].argv, " "));
  }
  return text;
}

void RecordingClient::finish() {
  is_done_ = true;
  hang_up();
}

}  // namespace sim
