// The journal on a real file system.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "journal/journal_testing.h"

namespace journal::testing {
namespace {

class PosixDiskTest : public ::testing::Test {
 protected:
  PosixDiskTest() {
    std::string pattern = ::testing::TempDir() + "journal_XXXXXX";
    root_ = ::mkdtemp(pattern.data());
  }
  ~PosixDiskTest() override { std::filesystem::remove_all(root_); }

  std::string directory() const { return root_ + "/data"; }

  std::unique_ptr<Disk> disk() {
    auto opened = open_disk(directory(), IfMissing::Create);
    EXPECT_TRUE(opened) << opened.error().message;
    return std::move(*opened);
  }

  static mode_t mode_of(const std::string& path) {
    struct stat status{};
    EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
    return status.st_mode & 0777;
  }

  std::string root_;
};

TEST_F(PosixDiskTest, what_is_appended_is_there_after_a_restart) {
  RecordingConsumer expected;
  FileJournalOptions options;
  options.segment_bytes = 64 << 10;
  {
    RecordingConsumer nothing;
    auto opened = FileJournal::open(disk(), options, nothing);
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_TRUE(opened->report.created);
    for (std::uint64_t index = 1; index < 200; index += 4) {
      const Batch batch = batch_of(index, {10, 500, 0, 3000});
      ASSERT_EQ(opened->journal->next_index(), index);
      const auto appended = opened->journal->append(batch);
      ASSERT_TRUE(appended) << appended.error().message;
      record_lines(batch, 0, expected);
    }
  }
  RecordingConsumer replayed;
  auto opened = FileJournal::open(disk(), options, replayed);
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ(replayed.lines, expected.lines);
  EXPECT_EQ(opened->journal->next_index(), 201U);
  EXPECT_GT(opened->report.replayed.segments, 1U);
  EXPECT_EQ(opened->report.cut_bytes, 0U);
}

TEST_F(PosixDiskTest, nobody_else_can_read_the_data) {
  RecordingConsumer nothing;
  const auto opened = FileJournal::open(disk(), small_options(), nothing);
  ASSERT_TRUE(opened);
  EXPECT_EQ(mode_of(directory()), 0700U);
  EXPECT_EQ(mode_of(directory() + "/" + segment_name(1)), 0600U);
}

TEST_F(PosixDiskTest, a_second_server_on_the_directory_is_refused_and_told_the_pid) {
  const auto first = disk();
  ASSERT_TRUE(first->lock());
  RecordingConsumer nothing;
  const auto second = FileJournal::open(disk(), small_options(), nothing);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().fault, base::Fault::InUse);
  EXPECT_EQ(second.error().message, "the data directory " + directory() +
                                        " is in use by another turnstile server (pid " +
                                        std::to_string(::getpid()) + ")");
}

TEST_F(PosixDiskTest, the_directory_is_free_again_after_its_server) {
  ASSERT_TRUE(disk()->lock());
  EXPECT_TRUE(disk()->lock());
}

TEST_F(PosixDiskTest, symbolic_links_are_not_followed) {
  auto data = disk();
  ASSERT_EQ(::symlink("/etc/passwd", (directory() + "/link").c_str()), 0);
  EXPECT_FALSE(data->open("link", Access::Read));
  EXPECT_FALSE(data->create("link"));
  const auto names = data->list();
  ASSERT_TRUE(names);
  EXPECT_TRUE(names->empty());
  ASSERT_EQ(::symlink(directory().c_str(), (root_ + "/other").c_str()), 0);
  const auto linked = open_disk(root_ + "/other", IfMissing::Create);
  ASSERT_FALSE(linked);
  EXPECT_EQ(linked.error().fault, base::Fault::Config);
}

TEST_F(PosixDiskTest, a_missing_directory_is_made_only_if_asked_for) {
  const auto missing = open_disk(directory(), IfMissing::Refuse);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().fault, base::Fault::Config);
  EXPECT_EQ(open_disk(root_ + "/a/b", IfMissing::Create).error().fault, base::Fault::InUse);
  EXPECT_TRUE(open_disk(directory() + "/", IfMissing::Create));
  EXPECT_TRUE(open_disk(directory(), IfMissing::Refuse));
}

TEST_F(PosixDiskTest, files_are_made_renamed_listed_and_removed) {
  auto data = disk();
  auto file = data->create("b");
  ASSERT_TRUE(file);
  EXPECT_FALSE(data->create("b"));
  ASSERT_TRUE((*file)->write(3, "xyz"));
  EXPECT_EQ(*(*file)->size(), 6U);
  std::string bytes(10, '?');
  EXPECT_EQ(*(*file)->read(1, bytes), 5U);
  EXPECT_EQ(bytes, std::string("\0\0xyz?????", 10));
  ASSERT_TRUE(data->create("a"));
  ASSERT_TRUE(data->rename("b", "c"));
  ASSERT_TRUE(data->sync_directory());
  EXPECT_EQ(*data->list(), (std::vector<std::string>{"a", "c"}));
  ASSERT_TRUE(data->remove("a"));
  EXPECT_FALSE(data->remove("a"));
  EXPECT_GT(*data->free_bytes(), 0U);
}

TEST_F(PosixDiskTest, errors_name_the_file_and_the_reason) {
  const auto file = disk()->open("missing", Access::Read);
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().fault, base::Fault::Io);
  EXPECT_EQ(file.error().message,
            "cannot open " + directory() + "/missing: No such file or directory");
  EXPECT_FALSE(is_disk_full(file.error()));
  EXPECT_TRUE(is_disk_full(disk_full("cannot write x").error()));
}

}  // namespace
}  // namespace journal::testing
