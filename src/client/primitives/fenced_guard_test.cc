// The fence: what is shown to a database, and what is made of its answer.
#include "turnstile/fenced_guard.h"

#include <gtest/gtest.h>

#include "client/testing/toy_server.h"
#include "turnstile/mutex.h"

namespace turnstile::client {
namespace {

TEST(FenceTest, a_statement_that_touches_nothing_is_stale) {
  ToyServer server;
  auto client = Client::connect(server.url());
  const FencedGuard guard(client, {"b", "a", "b"});
  std::vector<std::string> shown;
  const auto execute = [&](std::string_view, const Fence::Row& row) {
    shown.push_back(row.resource + " " + std::to_string(row.token));
    return row.resource == "b" ? 0 : 1;
  };
  const auto refused = guard.fence().try_show(Sql::Sqlite, execute);
  EXPECT_TRUE(refused.failed_with(ErrorCode::Stale));
  const auto token = std::to_string(guard.grant().token());
  EXPECT_EQ(shown, (std::vector<std::string>{"a " + token, "b " + token}));
  EXPECT_THROW(guard.fence().show(Sql::Postgresql, execute), Error);
}

TEST(FenceTest, a_guard_locks_a_mutex) {
  ToyServer server;
  auto client = Client::connect(server.url());
  Mutex mutex(client, "m");
  {
    const FencedGuard guard(mutex);
    EXPECT_EQ(guard.fence().rows().front().token, static_cast<std::int64_t>(mutex.token()));
  }
  EXPECT_FALSE(mutex.is_held());
  // What is not held has no token to show.
  const auto none = Fence(0, {"m"}).try_show(Sql::Sqlite, [](auto, auto&) { return 1; });
  EXPECT_TRUE(none.failed_with(ErrorCode::Stale));
}

}  // namespace
}  // namespace turnstile::client
