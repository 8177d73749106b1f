// A leader that a test plays, and when it is taken for dead.
#include "server/cluster/peer_watch.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <memory>
#include <string>

namespace server {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;
using Tcp = asio::ip::tcp;
using std::chrono::milliseconds;

/// Answers CLUSTER EPOCH, or, while it is cut off, is silent for ever on every connection that was
/// made before.
class PlayedLeader {
 public:
  explicit PlayedLeader(asio::io_context& loop) : loop_(loop) { accept(); }

  std::string address() const {
    return "127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
  }
  std::string answer = ":7\r\n";
  bool is_cut_off = false;

 private:
  struct Conversation {
    explicit Conversation(asio::io_context& loop) : socket(loop) {}
    Tcp::socket socket;
    asio::streambuf question;
    bool is_lost = false;
  };

  void accept() {
    auto next = std::make_shared<Conversation>(loop_);
    acceptor_.async_accept(next->socket, [this, next](const error_code& error) {
      if (error) return;
      listen(next);
      accept();
    });
  }
  void listen(const std::shared_ptr<Conversation>& one) {
    asio::async_read_until(one->socket, one->question, "\r\n",
                           [this, one](const error_code& error, std::size_t size) {
                             if (error) return;
                             one->question.consume(size);
                             one->is_lost |= is_cut_off;
                             if (!one->is_lost) asio::write(one->socket, asio::buffer(answer));
                             listen(one);
                           });
  }

  asio::io_context& loop_;
  Tcp::acceptor acceptor_{loop_, {asio::ip::address_v4::loopback(), 0}};
};

class PeerWatchTest : public ::testing::Test {
 protected:
  void run_for(milliseconds time) {
    loop_.restart();
    loop_.run_for(time);
  }

  asio::io_context loop_;
  PlayedLeader leader_{loop_};
  int suspicions_ = 0;
  int confessions_ = 0;
  PeerWatch watch_{loop_, [this](std::uint64_t epoch, Doubt doubt) {
                     EXPECT_EQ(epoch, 7U);
                     ++(doubt == Doubt::Gone ? suspicions_ : confessions_);
                   }};
};

TEST_F(PeerWatchTest, believes_a_leader_that_answers) {
  watch_.watch({7, leader_.address()});
  run_for(milliseconds(1'500));
  EXPECT_EQ(suspicions_, 0);
  EXPECT_EQ(confessions_, 0);
}

TEST_F(PeerWatchTest, hears_that_a_leader_is_cut_off_from_the_store) {
  leader_.answer = ":-7\r\n";
  watch_.watch({7, leader_.address()});
  run_for(milliseconds(1'000));
  EXPECT_EQ(suspicions_, 0) << "it lives";
  EXPECT_GT(confessions_, 2) << "said again and again";
  leader_.answer = ":7\r\n";
  run_for(milliseconds(200));
  confessions_ = 0;
  run_for(milliseconds(300));
  EXPECT_EQ(confessions_, 0);
}

TEST_F(PeerWatchTest, suspects_a_leader_that_falls_silent) {
  watch_.watch({7, leader_.address()});
  run_for(milliseconds(300));
  leader_.is_cut_off = true;
  run_for(milliseconds(300));
  EXPECT_EQ(suspicions_, 0) << "it may be busy";
  run_for(milliseconds(1'500));
  EXPECT_GT(suspicions_, 0);
}

TEST_F(PeerWatchTest, suspects_a_leader_that_leads_no_more) {
  leader_.answer = ":0\r\n";
  watch_.watch({7, leader_.address()});
  run_for(milliseconds(800));
  EXPECT_GT(suspicions_, 0);
}

TEST_F(PeerWatchTest, one_that_was_never_heard_may_be_well) {
  leader_.is_cut_off = true;
  watch_.watch({7, leader_.address()});
  run_for(milliseconds(2'500));
  EXPECT_EQ(suspicions_, 0);
}

TEST_F(PeerWatchTest, hears_it_over_another_connection_when_the_old_one_is_lost) {
  watch_.watch({7, leader_.address()});
  run_for(milliseconds(300));
  leader_.is_cut_off = true;
  run_for(milliseconds(1'700));
  EXPECT_GT(suspicions_, 0);
  leader_.is_cut_off = false;  // what was sent over the old connection stays lost
  run_for(milliseconds(1'500));
  suspicions_ = 0;
  run_for(milliseconds(500));
  EXPECT_EQ(suspicions_, 0);
}

}  // namespace
}  // namespace server
