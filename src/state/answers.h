// The answers to a session's numbered requests, kept so that a repeat takes
// effect once and is answered the same.
//
// Numbers grow within a session, gaps allowed, and may arrive a little out of
// order. The newest `limit` answers are kept; a number at or below the greatest
// that was dropped is *forgotten*: whether it took effect can no longer be told.
#pragma once

#include <absl/container/btree_map.h>

#include <cstdint>

namespace state {

struct Answer {
  enum class Kind : std::uint8_t {
    Done,
    Number,     ///< value: the number
    Granted,    ///< value: the token, of an attempt too
    Renewed,    ///< value: the token
    Waiting,    ///< value: the waiter
    KeptAlive,  ///< a repeat is a renewal of its own
    Signal,     ///< value: the generation
    Last = Signal,
  };
  Kind kind = Kind::Done;
  std::uint64_t value = 0;
  std::uint64_t fingerprint =
      0;  ///< of the command; another one under the same number is a conflict
};

class Answers {
 public:
  const Answer* find(std::uint64_t request) const {
    const auto it = kept_.find(request);
    return it == kept_.end() ? nullptr : &it->second;
  }

  bool is_forgotten(std::uint64_t request) const { return request <= forgotten_; }

  /// Keeps or replaces an answer; drops the oldest beyond `limit`.
  void remember(std::uint64_t request, const Answer& answer, std::size_t limit) {
    if (is_forgotten(request)) return;
    kept_[request] = answer;
    while (kept_.size() > limit) {
      forgotten_ = kept_.begin()->first;
      kept_.erase(kept_.begin());
    }
  }

  /// For a wait that ended in a refusal: a refusal is not remembered.
  void forget(std::uint64_t request) { kept_.erase(request); }

  std::size_t size() const { return kept_.size(); }
  const absl::btree_map<std::uint64_t, Answer>& all() const { return kept_; }

  template <class Archive>
  friend void fields(Archive& archive, Answers& answers) {
    archive(answers.forgotten_);
    answers.archive_kept(archive);
  }

 private:
  template <class Archive>
  void archive_kept(Archive& archive) {
    auto count = static_cast<std::uint32_t>(kept_.size());
    archive(count);
    if constexpr (requires { archive.ok(); }) {
      kept_.clear();
      for (std::uint32_t i = 0; archive.ok() && i < count; ++i) {
        std::uint64_t request = 0;
        Answer answer;
        archive(request, answer.kind, answer.value, answer.fingerprint);
        const bool is_known = answer.kind <= Answer::Kind::Last && !is_forgotten(request);
        if (!is_known || !kept_.emplace(request, answer).second) archive.fail();
      }
    } else {
      for (auto& [request, answer] : kept_) {
        archive(request, answer.kind, answer.value, answer.fingerprint);
      }
    }
  }

  std::uint64_t forgotten_ = 0;
  absl::btree_map<std::uint64_t, Answer> kept_;
};

}  // namespace state
