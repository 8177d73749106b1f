// RabbitMQ through rabbitmq-c; see queue_batons.h.
#include <amqp.h>
#include <amqp_tcp_socket.h>
#include <fmt/format.h>

#include <optional>
#include <stdexcept>
#include <string_view>

#include "queue_batons.h"

namespace bench {
namespace {

constexpr amqp_channel_t kChannel = 1;
constexpr std::uint8_t kPersistent = 2;
constexpr std::uint8_t kNotPersistent = 1;
constexpr timeval kPatience{.tv_sec = kRingPatience.count() / 1000, .tv_usec = 0};

std::string_view view_of(amqp_bytes_t bytes) {
  return {static_cast<const char*>(bytes.bytes), bytes.len};
}
amqp_bytes_t bytes_of(std::string_view text) {
  return {text.size(), const_cast<char*>(text.data())};  // the library only reads them
}

std::string_view word_of(RabbitmqQueue kind) {
  switch (kind) {
    case RabbitmqQueue::Quorum: return "quorum";
    case RabbitmqQueue::Durable: return "durable";
    case RabbitmqQueue::Transient: return "transient";
  }
  throw std::logic_error("no such kind of queue");
}

std::string name_of(RabbitmqQueue kind, int ring, int place) {
  return fmt::format("{}/{}", word_of(kind), queue_name(ring, place));
}

/// A connection with one channel. Everything throws std::runtime_error on refusal.
class Channel {
 public:
  explicit Channel(std::uint16_t port) : state_(amqp_new_connection()) {
    amqp_socket_t* const socket = amqp_tcp_socket_new(state_);
    if (socket == nullptr) throw std::runtime_error("rabbitmq-c: no socket");
    check(amqp_socket_open(socket, "127.0.0.1", port), "connect");
    check(amqp_login(state_, "/", 0, 131072, 0, AMQP_SASL_METHOD_PLAIN, "guest", "guest"), "login");
    amqp_channel_open(state_, kChannel);
    check(amqp_get_rpc_reply(state_), "channel");
  }
  ~Channel() { amqp_destroy_connection(state_); }
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  amqp_connection_state_t state() const { return state_; }

  static void check(int status, const char* call) {
    if (status != AMQP_STATUS_OK) {
      throw std::runtime_error(fmt::format("RabbitMQ, {}: {}", call, amqp_error_string2(status)));
    }
  }
  static void check(const amqp_rpc_reply_t& reply, const char* call) {
    if (reply.reply_type == AMQP_RESPONSE_NORMAL) return;
    throw std::runtime_error(fmt::format("RabbitMQ, {}: {}", call,
                                         reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION
                                             ? amqp_error_string2(reply.library_error)
                                             : "refused by the server"));
  }

 private:
  amqp_connection_state_t state_;
};

class RabbitmqBaton final : public Baton {
 public:
  RabbitmqBaton(std::uint16_t port, RabbitmqQueue kind, int ring, int place)
      : channel_(port),
        kind_(kind),
        mine_(name_of(kind, ring, place)),
        next_(name_of(kind, ring, (place + 1) % kRingSize)) {
    amqp_confirm_select(channel_.state(), kChannel);
    Channel::check(amqp_get_rpc_reply(channel_.state()), "confirm.select");
    amqp_basic_qos(channel_.state(), kChannel, 0, 1, 0);
    Channel::check(amqp_get_rpc_reply(channel_.state()), "qos");
    amqp_basic_consume(channel_.state(), kChannel, bytes_of(mine_), amqp_empty_bytes, 0, 0, 0,
                       amqp_empty_table);
    Channel::check(amqp_get_rpc_reply(channel_.state()), "consume");
  }

  std::string take(std::uint64_t) override {
    std::optional<std::string> message;
    while (!message) message = next_frame();
    return std::move(*message);
  }

  void hand_on(std::uint64_t, const std::string& result) override {
    amqp_basic_properties_t properties{};
    properties._flags = AMQP_BASIC_DELIVERY_MODE_FLAG;
    properties.delivery_mode = kind_ == RabbitmqQueue::Transient ? kNotPersistent : kPersistent;
    Channel::check(amqp_basic_publish(channel_.state(), kChannel, amqp_empty_bytes, bytes_of(next_),
                                      0, 0, &properties, bytes_of(result)),
                   "publish");
    ++published_;
  }

  void finish() override {
    while (confirmed_ < published_) next_frame();
  }

 private:
  /// Handles the next frame, a confirmation or a delivery, and returns the message of the latter.
  std::optional<std::string> next_frame() {
    amqp_maybe_release_buffers(channel_.state());
    amqp_envelope_t envelope{};
    const amqp_rpc_reply_t reply = amqp_consume_message(channel_.state(), &envelope, &kPatience, 0);
    if (reply.reply_type == AMQP_RESPONSE_NORMAL) {
      std::string message(view_of(envelope.message.body));
      taken_ = envelope.delivery_tag;
      amqp_destroy_envelope(&envelope);
      return message;
    }
    if (reply.reply_type != AMQP_RESPONSE_LIBRARY_EXCEPTION ||
        reply.library_error != AMQP_STATUS_UNEXPECTED_STATE) {
      Channel::check(reply, "consume");
    }
    handle_other_frame();
    return std::nullopt;
  }

  void handle_other_frame() {
    amqp_frame_t frame{};
    Channel::check(amqp_simple_wait_frame(channel_.state(), &frame), "frame");
    if (frame.frame_type != AMQP_FRAME_METHOD || frame.payload.method.id != AMQP_BASIC_ACK_METHOD) {
      throw std::runtime_error("RabbitMQ: neither a delivery nor a confirmation");
    }
    // Of what was published first to last; several may be confirmed by the last of them.
    confirmed_ = static_cast<const amqp_basic_ack_t*>(frame.payload.method.decoded)->delivery_tag;
    if (confirmed_ < published_ || taken_ == 0) return;
    Channel::check(amqp_basic_ack(channel_.state(), kChannel, taken_, 0), "ack");
    taken_ = 0;
  }

  Channel channel_;
  const RabbitmqQueue kind_;
  const std::string mine_;
  const std::string next_;
  std::uint64_t published_ = 0;
  std::uint64_t confirmed_ = 0;
  std::uint64_t taken_ = 0;  ///< the delivery that is to be acknowledged; 0: none
};

void declare(const Channel& channel, RabbitmqQueue kind, const std::string& name) {
  amqp_table_entry_t argument{};
  argument.key = bytes_of("x-queue-type");
  argument.value.kind = AMQP_FIELD_KIND_UTF8;
  argument.value.value.bytes =
      bytes_of(kind == RabbitmqQueue::Quorum ? std::string_view("quorum") : "classic");
  amqp_table_t arguments{.num_entries = 1, .entries = &argument};
  const amqp_boolean_t is_durable = kind == RabbitmqQueue::Transient ? 0 : 1;
  amqp_queue_declare(channel.state(), kChannel, bytes_of(name), 0, is_durable, 0, 0, arguments);
  Channel::check(amqp_get_rpc_reply(channel.state()), "declare");
  amqp_queue_purge(channel.state(), kChannel, bytes_of(name));
  Channel::check(amqp_get_rpc_reply(channel.state()), "purge");
}

}  // namespace

void prepare_rabbitmq(std::uint16_t port, RabbitmqQueue kind, int rings) {
  const Channel channel(port);
  for (int ring = 0; ring < rings; ++ring) {
    for (int place = 0; place < kRingSize; ++place) {
      declare(channel, kind, name_of(kind, ring, place));
      amqp_maybe_release_buffers(channel.state());
    }
  }
}

std::unique_ptr<Baton> make_rabbitmq_baton(std::uint16_t port, RabbitmqQueue kind, int ring,
                                           int place) {
  return std::make_unique<RabbitmqBaton>(port, kind, ring, place);
}

}  // namespace bench
