// Tables are aligned, and fit.
#include "cli/table.h"

#include <gtest/gtest.h>

namespace cli {
namespace {

Table locks() {
  Table table({{.heading = "KEY"},
               {.heading = "WAITING", .is_number = true},
               {.heading = "NOTE", .is_elastic = true}});
  table.add({std::string("account/7"), std::string("3"), std::string("a payout to somebody")});
  table.add({std::string("b"), std::string("12"), std::string("")});
  return table;
}

TEST(TableTest, columns_are_as_wide_as_their_widest_cell) {
  EXPECT_EQ(locks().text({}),
            "KEY        WAITING  NOTE\n"
            "account/7        3  a payout to somebody\n"
            "b               12\n");
}

TEST(TableTest, elastic_columns_are_cut_to_fit_the_terminal) {
  EXPECT_EQ(locks().text({.width = 32}),
            "KEY        WAITING  NOTE\n"
            "account/7        3  a payout to…\n"
            "b               12\n");
}

TEST(TableTest, what_somebody_will_copy_stays_whole_however_narrow_it_is) {
  EXPECT_EQ(locks().text({.width = 10}),
            "KEY        WAITING  NOTE\n"
            "account/7        3  a payou…\n"
            "b               12\n");
}

TEST(TableTest, a_column_that_can_be_spared_goes_before_a_line_breaks) {
  Table table({{.heading = "KEY"}, {.heading = "USER", .is_spare = true}, {.heading = "STATE"}});
  table.add({std::string("account/7"), std::string("default"), std::string("held")});
  EXPECT_EQ(table.text({.width = 25}), "KEY        USER     STATE\naccount/7  default  held\n");
  EXPECT_EQ(table.text({.width = 24}), "KEY        STATE\naccount/7  held\n");
}

TEST(TableTest, an_elastic_column_may_keep_more_than_others) {
  Table table({{.heading = "KEY", .is_elastic = true, .least = 12},
               {.heading = "NOTE", .is_elastic = true}});
  table.add({std::string("account/1234567"), std::string("a payout to somebody")});
  EXPECT_EQ(table.text({.width = 22}), "KEY           NOTE\naccount/123…  a payou…\n");
}

TEST(TableTest, a_column_without_content_is_left_out) {
  Table table({{.heading = "KEY"}, {.heading = "HOLDER"}, {.heading = "STATE"}});
  table.add({std::string("a"), std::string(""), std::string("reserved")});
  EXPECT_EQ(table.text({}), "KEY  STATE\na    reserved\n");
}

TEST(TableTest, lines_can_be_indented) {
  Table table({{.heading = "KEY"}});
  table.add({std::string("a")});
  EXPECT_EQ(table.text({}, 2), "  KEY\n  a\n");
}

TEST(TableTest, colours_take_no_columns) {
  Table table({{.heading = "STATE"}, {.heading = "KEY"}});
  table.add({Cell("held", Style::Held), std::string("a")});
  EXPECT_EQ(table.text({.width = 80, .has_colours = true}),
            "\x1b[1mSTATE\x1b[0m  \x1b[1mKEY\x1b[0m\n\x1b[36mheld\x1b[0m   a\n");
}

TEST(TableTest, characters_are_counted_and_not_bytes) {
  Table table({{.heading = "KEY"}, {.heading = "N", .is_number = true}});
  table.add({std::string("€"), std::string("1")});
  table.add({std::string("abcd"), std::string("2")});
  EXPECT_EQ(table.text({}), "KEY   N\n€     1\nabcd  2\n");
}

}  // namespace
}  // namespace cli
