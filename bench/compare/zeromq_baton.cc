// Sockets of ZeroMQ; see queue_batons.h.
#include <fmt/format.h>
#include <zmq.h>

#include <stdexcept>

#include "queue_batons.h"

namespace bench {
namespace {

/// Throws if the call has failed, which is when it returned -1 or nothing.
void check(bool is_good, const char* call) {
  if (!is_good) throw std::runtime_error(fmt::format("{}: {}", call, zmq_strerror(zmq_errno())));
}

class ZeromqBaton final : public Baton {
 public:
  ZeromqBaton(std::uint16_t port, int ring, int place)
      : place_(place),
        context_(zmq_ctx_new()),
        in_(zmq_socket(context_, ZMQ_PULL)),
        out_(zmq_socket(context_, ZMQ_PUSH)) {
    check(in_ != nullptr && out_ != nullptr, "zmq_socket");
    const int patience = static_cast<int>(kRingPatience.count());
    check(zmq_setsockopt(in_, ZMQ_RCVTIMEO, &patience, sizeof patience) == 0, "zmq_setsockopt");
    check(zmq_bind(in_, address(port, ring, place).c_str()) == 0, "zmq_bind");
    const std::string next = address(port, ring, (place + 1) % kRingSize);
    check(zmq_connect(out_, next.c_str()) == 0, "zmq_connect");
  }

  ~ZeromqBaton() override {
    // The last thing that the last place hands on is for nobody, and may not be waited for.
    const int linger_ms = place_ == kRingSize - 1 ? 0 : 1000;
    zmq_setsockopt(out_, ZMQ_LINGER, &linger_ms, sizeof linger_ms);
    zmq_close(in_);
    zmq_close(out_);
    zmq_ctx_term(context_);
  }
  ZeromqBaton(const ZeromqBaton&) = delete;
  ZeromqBaton& operator=(const ZeromqBaton&) = delete;

  std::string take(std::uint64_t) override {
    std::string message(kBytesMax, '\0');
    const int size = zmq_recv(in_, message.data(), message.size(), 0);
    check(size >= 0, "zmq_recv");
    message.resize(static_cast<std::size_t>(size));
    return message;
  }

  void hand_on(std::uint64_t, const std::string& result) override {
    check(zmq_send(out_, result.data(), result.size(), 0) >= 0, "zmq_send");
  }

 private:
  static constexpr std::size_t kBytesMax = 1024;

  static std::string address(std::uint16_t port, int ring, int place) {
    return fmt::format("tcp://127.0.0.1:{}", port + ring * kRingSize + place);
  }

  const int place_;
  void* context_;
  void* in_;
  void* out_;
};

}  // namespace

std::unique_ptr<Baton> make_zeromq_baton(std::uint16_t port, int ring, int place) {
  return std::make_unique<ZeromqBaton>(port, ring, place);
}

}  // namespace bench
