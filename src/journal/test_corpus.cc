// Each specimen is written by the journal itself, on a disk in memory.
#include "journal/test_corpus.h"

#include <gtest/gtest.h>

#include <functional>
#include <utility>

#include "base/check.h"
#include "journal/journal_testing.h"
#include "journal/memory_disk.h"

namespace journal::testing {
namespace {

/// A journal that is being written, and what it acknowledged.
class Author {
 public:
  Author(std::string name, std::uint8_t id) {
    specimen_.name = std::move(name);
    specimen_.histories.emplace_back();
    HistoryConsumer nothing;
    auto opened =
        FileJournal::open(std::make_unique<MemoryDisk>(files_), small_options(id), nothing);
    CHECK(opened);
    journal_ = std::move(opened->journal);
  }

  void append(const std::vector<std::size_t>& sizes) {
    append(batch_of(journal_->next_index(), sizes));
  }

  /// One record with this payload.
  void append_payload(const std::string& payload) {
    Batch batch = batch_of(journal_->next_index(), {});
    batch.add(journal_->next_index(), batch.mark, batch.mark, payload);
    append(batch);
  }

  void append(const Batch& batch) {
    CHECK(journal_->append(batch));
    history_.apply(batch);
    specimen_.histories.push_back(history_.state);
  }

  void jump() {
    CHECK(journal_->jump(journal_->next_index() + kIndexJump));
    specimen_.histories.push_back(history_.state);
  }

  void compact(KeepSegments keep) {
    HistoryConsumer replica;
    CHECK(journal_->archive().replay(replica));
    CHECK(journal_->archive().save(replica.snapshot()));
    CHECK(journal_->archive().drop(keep));
  }

  /// The power goes in the middle of an append; `keeps` are the sectors that reach the disk.
  void tear(const std::vector<std::size_t>& sizes, std::function<bool(std::uint64_t)> keeps) {
    files_.set_fault({DiskFault::Kind::PowerLoss, 1, false, std::move(keeps)});
    CHECK(!journal_->append(batch_of(journal_->next_index(), sizes)));
    journal_.reset();
    files_.restart();
  }

  /// The power goes in the middle of the rotation that this append needs, before the seal.
  void break_off_rotation(const std::vector<std::size_t>& sizes) {
    const Contents before = files_.contents();
    CHECK(journal_->append(batch_of(journal_->next_index(), sizes)));
    Contents after = files_.contents();
    CHECK_EQ(after.size(), before.size() + 1);
    // The old segment as it was, and the new one with its header alone.
    std::string& newest = after.rbegin()->second;
    newest.replace(kSectorSize, newest.size(), newest.size() - kSectorSize, '\0');
    after[before.rbegin()->first] = before.rbegin()->second;
    journal_.reset();
    files_.set_contents(after);
  }

  Specimen finish() {
    journal_.reset();
    specimen_.contents = files_.contents();
    return std::move(specimen_);
  }

 private:
  MemoryFiles files_;
  std::unique_ptr<FileJournal> journal_;
  HistoryConsumer history_;
  Specimen specimen_;
};

using Corpus = std::vector<Specimen>;

/// Batches of sizes that follow from the seed.
std::vector<std::size_t> random_sizes(std::uint64_t seed, std::uint64_t batch) {
  constexpr std::size_t kSizes[] = {0, 5, 60, 336, 376, 500, 900, 1700};
  std::vector<std::size_t> sizes;
  const std::uint64_t count = base::mix(seed, batch) % 4;
  for (std::uint64_t i = 0; i < count; ++i) {
    sizes.push_back(kSizes[base::mix(seed + batch, i) % std::size(kSizes)]);
  }
  return sizes;
}

void add_small(Corpus& corpus, std::uint8_t id) {
  corpus.push_back(Author("empty", id).finish());
  for (const std::size_t size : {0, 1, 375, 376, 377, 511, 512, 513, 1000, 3000}) {
    Author author("one record of " + std::to_string(size), id);
    author.append({size});
    corpus.push_back(author.finish());
  }
  Author straddling("straddling", id);
  for (const auto& sizes : std::vector<std::vector<std::size_t>>{
           {376}, {375}, {377}, {336, 1}, {326, 500, 472}, {1000, 0, 0, 900}}) {
    straddling.append(sizes);
  }
  corpus.push_back(straddling.finish());
  Author tiny("many tiny batches", id);
  for (int i = 0; i < 6; ++i) tiny.append({1});
  corpus.push_back(tiny.finish());
}

void add_random(Corpus& corpus, std::uint8_t id) {
  for (std::uint64_t seed = 1; seed <= 16; ++seed) {
    Author author("random " + std::to_string(seed), id);
    for (std::uint64_t i = 0; i < 4 + seed; ++i) author.append(random_sizes(seed, i));
    corpus.push_back(author.finish());
  }
}

void add_jumps(Corpus& corpus, std::uint8_t id) {
  for (int records = 0; records < 3; ++records) {
    Author author("jump after " + std::to_string(records), id);
    for (int i = 0; i < records; ++i) author.append({100});
    author.jump();
    author.append(std::vector<std::size_t>{});
    author.append({200});
    corpus.push_back(author.finish());
  }
}

/// Payloads that try to pass for something else.
void add_impostors(Corpus& corpus, std::uint8_t id) {
  BatchHeader batch;
  batch.sequence = 3;
  batch.checksum = checksum_of(batch, 0);
  Seal seal;
  seal.number = 1;
  seal.checksum = checksum_of(seal, 0);
  const std::string padding(512 - 96 - 40, 'x');  // up to the next sector
  const std::pair<const char*, std::string> payloads[] = {
      {"zeros", std::string(1800, '\0')},
      {"a sector of zeros", padding + std::string(512, '\0') + "end"},
      {"ones", std::string(1800, '\xff')},
      {"a batch's header", padding + std::string(bytes_of(batch)) + std::string(600, 'y')},
      {"a seal", padding + std::string(bytes_of(seal)) + std::string(600, '\0')},
      {"a segment's header", padding + std::string(bytes_of(SegmentHeader{}))},
  };
  for (const auto& [name, payload] : payloads) {
    Author author(std::string("payload of ") + name, id);
    author.append({20});
    author.append_payload(payload);
    author.append({30});
    corpus.push_back(author.finish());
    Author at_end(std::string("at the end, payload of ") + name, id);
    at_end.append_payload(payload);
    corpus.push_back(at_end.finish());
  }
}

void add_snapshots(Corpus& corpus, std::uint8_t id) {
  for (const KeepSegments keep : {KeepSegments::All, KeepSegments::Needed}) {
    for (int snapshots = 1; snapshots <= 3; ++snapshots) {
      Author author(std::to_string(snapshots) + " snapshots, " +
                        (keep == KeepSegments::All ? "all segments" : "needed segments"),
                    id);
      for (int i = 0; i < snapshots; ++i) {
        for (int j = 0; j < 4; ++j) author.append({100, 900});
        author.compact(keep);
      }
      author.append({50});
      corpus.push_back(author.finish());
    }
  }
}

void add_broken_off(Corpus& corpus, std::uint8_t id) {
  for (const std::size_t size : {100, 2000}) {
    Author author("rotation broken off before " + std::to_string(size), id);
    author.append({3000});
    author.append({size});
    author.break_off_rotation({3000});
    corpus.push_back(author.finish());
  }
  const std::pair<const char*, std::function<bool(std::uint64_t)>> kept[] = {
      {"nothing", [](std::uint64_t) { return false; }},
      {"the header", [](std::uint64_t i) { return i == 0; }},
      {"all but the header", [](std::uint64_t i) { return i != 0; }},
      {"every other sector", [](std::uint64_t i) { return i % 2 == 0; }},
      {"the end", [](std::uint64_t i) { return i >= 3; }},
  };
  for (const auto& [name, keeps] : kept) {
    Author author(std::string("torn to ") + name, id);
    author.append({40});
    author.append({300, 10});
    author.tear({600, 20, 900}, keeps);
    corpus.push_back(author.finish());
  }
}

}  // namespace

std::vector<Specimen> make_corpus(std::uint8_t id) {
  Corpus corpus;
  add_small(corpus, id);
  add_random(corpus, id);
  add_jumps(corpus, id);
  add_impostors(corpus, id);
  add_snapshots(corpus, id);
  add_broken_off(corpus, id);
  Author largest("largest record", id);
  largest.append({20});
  largest.append({std::size_t{256} << 10});
  corpus.push_back(largest.finish());
  return corpus;
}

}  // namespace journal::testing
