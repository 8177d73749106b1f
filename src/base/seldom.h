// A T that is mostly as T() is: a pointer, null as long as it is.
//
// What few of many things say is so kept out of the many. It reads like a pointer
// to a T that is always there, and is changed member by member.
#pragma once

#include <memory>
#include <utility>

namespace base {

template <class T>
class Seldom {
 public:
  Seldom() = default;
  /// Nothing is kept of one that is as T() is.
  explicit Seldom(T value) {
    if (!(value == T())) kept_ = std::make_unique<T>(std::move(value));
  }
  Seldom(const Seldom& other) : kept_(other.kept_ ? std::make_unique<T>(*other.kept_) : nullptr) {}
  Seldom(Seldom&& other) noexcept = default;
  Seldom& operator=(const Seldom& other) {
    if (this != &other) *this = Seldom(other);
    return *this;
  }
  Seldom& operator=(Seldom&& other) noexcept = default;
  ~Seldom() = default;

  const T& operator*() const { return kept_ ? *kept_ : usual(); }
  const T* operator->() const { return &**this; }

  /// Changes one member.
  template <class M>
  void set(M T::* member, M value) {
    if ((**this).*member == value) return;
    if (!kept_) kept_ = std::make_unique<T>();
    (*kept_).*member = std::move(value);
    if (*kept_ == usual()) kept_.reset();
  }

  /// Whether memory is taken for it.
  bool is_kept() const { return kept_ != nullptr; }

 private:
  static const T& usual() {
    static const T usual;
    return usual;
  }

  std::unique_ptr<T> kept_;
};

}  // namespace base
