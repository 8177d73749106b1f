// What was found last must not outlive its session.
#include "state/sessions.h"

#include <gtest/gtest.h>

#include <vector>

namespace state {
namespace {

Session session_of(std::uint64_t id) {
  Session session;
  session.id = id;
  return session;
}

TEST(SessionsTest, one_is_found_where_it_was_put_until_it_is_erased) {
  Sessions sessions;
  EXPECT_EQ(sessions.find(7), nullptr);
  EXPECT_TRUE(sessions.insert(session_of(7)));
  Session* const seven = sessions.find(7);
  ASSERT_NE(seven, nullptr);
  for (std::uint64_t id = 8; id < 300; ++id) EXPECT_TRUE(sessions.insert(session_of(id)));
  EXPECT_EQ(sessions.find(7), seven) << "a session stays where it is";
  EXPECT_EQ(&sessions.at(7), seven);
  sessions.erase(7);
  EXPECT_EQ(sessions.find(7), nullptr) << "though it was the one found last";
  EXPECT_FALSE(sessions.contains(7));
  EXPECT_EQ(sessions.size(), 292U);
}

TEST(SessionsTest, there_are_no_two_of_one_id) {
  Sessions sessions;
  Session first = session_of(7);
  first.name = "first";
  EXPECT_TRUE(sessions.insert(std::move(first)));
  EXPECT_FALSE(sessions.insert(session_of(7)));
  EXPECT_EQ(sessions.at(7).name, "first");
}

TEST(SessionsTest, they_are_listed_by_rising_id) {
  Sessions sessions;
  for (const std::uint64_t id : {9, 3, 7}) EXPECT_TRUE(sessions.insert(session_of(id)));
  std::vector<std::uint64_t> ids;
  for (const auto& [id, session] : sessions) {
    EXPECT_EQ(session->id, id);
    ids.push_back(id);
  }
  EXPECT_EQ(ids, (std::vector<std::uint64_t>{3, 7, 9}));
  EXPECT_EQ(sessions.upper_bound(3)->first, 7U);
  EXPECT_EQ(sessions.upper_bound(9), sessions.end());
}

}  // namespace
}  // namespace state
