// Lists of Redis; see queue_batons.h.
#include <fmt/format.h>

#include "hiredis_connection.h"
#include "queue_batons.h"

namespace bench {
namespace {

std::string doing(const std::string& queue) { return queue + "/doing"; }

class RedisBaton final : public Baton {
 public:
  RedisBaton(std::uint16_t port, int ring, int place)
      : connection_(port),
        mine_(queue_name(ring, place)),
        doing_(doing(mine_)),
        next_(queue_name(ring, (place + 1) % kRingSize)) {}

  std::string take(std::uint64_t) override {
    if (!is_asking_) ask();
    read_hand_on();
    is_asking_ = false;
    return std::string(text_of(*connection_.read()));
  }

  void hand_on(std::uint64_t number, const std::string& result) override {
    connection_.append({"MULTI"});
    connection_.append({"RPUSH", next_, result});
    if (number > 0) connection_.append({"LPOP", doing_});
    connection_.append({"EXEC"});
    unread_ = number > 0 ? 4 : 3;
    ask();
    connection_.send();
  }

  void finish() override { read_hand_on(); }

 private:
  /// In the same breath as it hands on, each process asks for what it will be handed next.
  void ask() {
    is_asking_ = true;
    connection_.append({"BLMOVE", mine_, doing_, "LEFT", "RIGHT", patience_});
  }

  void read_hand_on() {
    for (; unread_ > 0; --unread_) connection_.read();
  }

  const std::string patience_ = std::to_string(kRingPatience.count() / 1000);
  HiredisConnection connection_;
  const std::string mine_;
  const std::string doing_;
  const std::string next_;
  int unread_ = 0;  ///< replies to what was handed on
  bool is_asking_ = false;
};

}  // namespace

void prepare_redis_lists(std::uint16_t port, int rings) {
  HiredisConnection connection(port);
  for (int ring = 0; ring < rings; ++ring) {
    for (int place = 0; place < kRingSize; ++place) {
      const std::string queue = queue_name(ring, place);
      connection.call({"DEL", queue, doing(queue)});
    }
  }
}

std::unique_ptr<Baton> make_redis_baton(std::uint16_t port, int ring, int place) {
  return std::make_unique<RedisBaton>(port, ring, place);
}

}  // namespace bench
