// A standby's eye on the leader: asks it ten times a second whether it leads, so
// that a dead or silent one is replaced long before its lease in etcd runs out.
//
// What it finds is a belief. Acting on a wrong one costs a change of leaders and
// no more: the shared log decides who may append.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "journal/shared_log.h"

namespace server {

enum class Doubt {
  Gone,    ///< it is dead or silent, or says that it does not lead
  CutOff,  ///< it says that the store has not answered it for a while
};

/// Used by the loop's thread.
class PeerWatch {
 public:
  using OnDoubt = std::function<void(std::uint64_t epoch, Doubt doubt)>;

  /// `on_doubt` is called again and again while it seems so.
  PeerWatch(boost::asio::io_context& loop, OnDoubt on_doubt);
  ~PeerWatch();

  /// Watches this leader, and no longer the one before; epoch 0: nobody.
  void watch(const journal::Leadership& leader);

 private:
  class Call;

  std::shared_ptr<Call> call_;
  boost::asio::io_context& loop_;
  const OnDoubt on_doubt_;
  std::uint64_t epoch_ = 0;
};

}  // namespace server
