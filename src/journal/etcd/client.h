// The calls to etcd that the shared log makes, in plain structs: no type of
// gRPC is seen outside of client.cc and watch.cc.
//
// A client talks to one member at a time. When a call fails in a way that says
// nothing about its outcome, the next call goes to the next member; whether to
// ask again is the caller's decision, who knows whether that is safe.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/time.h"

namespace journal::etcd {

struct Access {
  std::vector<std::string> members;  ///< HOST:PORT, at least one
  std::string ca_file;               ///< PEM; empty: no TLS
  std::string certificate_file;      ///< of this client; empty: none
  std::string key_file;
  std::string user;  ///< empty: none
  std::string password;
};

enum class Trouble {
  Unknown,    ///< no answer: it may have happened, or may still happen
  Refused,    ///< a definite no that asking again does not change
  Full,       ///< a definite no: the database is full
  NoLease,    ///< a definite no: the lease is gone
  Compacted,  ///< a definite no: the revision is no longer kept
  Future,     ///< a definite no: this member has not come to the revision yet
};

struct Failure {
  Trouble trouble = Trouble::Unknown;
  std::string message;
};

template <class T>
using Answer = std::expected<T, Failure>;

struct KeyValue {
  std::string key;
  std::string value;
  std::int64_t create_revision = 0;
  std::int64_t mod_revision = 0;
};

/// Holds if the key was created at this revision; 0: if there is no such key.
struct CreatedAt {
  std::string key;
  std::int64_t revision = 0;
};
/// Holds if there is such a key.
struct Exists {
  std::string key;
};
using Condition = std::variant<CreatedAt, Exists>;

struct Put {
  std::string key;
  std::string value;
  std::int64_t lease = 0;
};
struct Get {
  std::string key;
};
/// All keys from `key` up to, and without, `end`; the one key if `end` is empty.
struct Delete {
  std::string key;
  std::string end;
};
using Operation = std::variant<Put, Get, Delete>;

struct Transaction {
  std::vector<Condition> when;
  std::vector<Operation> then;
  std::vector<Operation> otherwise;
};

struct Committed {
  bool succeeded = false;
  std::int64_t revision = 0;
  std::vector<KeyValue> found;  ///< of all Gets, in their order
};

struct Range {
  std::string key;
  std::string end;            ///< empty: the one key
  std::int64_t revision = 0;  ///< 0: the newest, as a majority knows it
  std::int64_t limit = 0;     ///< 0: none
  bool keys_only = false;
};

struct Found {
  std::int64_t revision = 0;
  std::uint64_t cluster_id = 0;
  bool has_more = false;
  std::vector<KeyValue> items;
};

struct Lease {
  std::int64_t id = 0;
  base::Duration ttl;  ///< after which it expires unless it is kept alive; 0: it is gone
};

struct Status {
  std::string version;
  std::int64_t database_bytes = 0;
  std::uint64_t member = 0;  ///< the id of who answers
  std::uint64_t leader = 0;  ///< the id of the member that leads, as this one knows it; 0: none
  std::uint64_t term = 0;    ///< in which that one leads; the greater, the newer
};

/// A stream of changes; see Client::watch().
class Watch {
 public:
  virtual ~Watch() = default;
};

struct Change {
  bool is_deletion = false;
  KeyValue item;
};
/// Called on a thread of the watch with the changes of one or more whole revisions; with none,
/// once, when the stream has ended, for whatever reason.
using OnChanges = std::function<void(std::vector<Change>)>;

/// Used by one thread at a time; watches have threads of their own.
class Client {
 public:
  explicit Client(const Access& access);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  Answer<Committed> commit(const Transaction& transaction, base::Duration within);
  Answer<Found> range(const Range& range, base::Duration within);
  Answer<Lease> grant_lease(base::Duration ttl, base::Duration within);
  Answer<Lease> keep_alive(std::int64_t lease, base::Duration within);
  Answer<void> revoke(std::int64_t lease, base::Duration within);
  /// Forgets what was overwritten or deleted at or before the revision.
  Answer<void> compact(std::int64_t revision, base::Duration within);
  /// Of the member that answers.
  Answer<Status> status(base::Duration within);
  /// Of the member at that place in Access::members, whoever is called else.
  Answer<Status> status_of(std::size_t place, base::Duration within);

  std::size_t member_count() const;
  /// The member at that place is called from now on, until a call fails.
  void prefer(std::size_t place);

  /// Follows the keys from `key` up to, and without, `end`, from `revision` on. Ends when the
  /// watch is destroyed, and does not call afterwards.
  std::unique_ptr<Watch> watch(const std::string& key, const std::string& end,
                               std::int64_t revision, OnChanges on_changes);

  struct Calls;  ///< in calls.h, for those who see gRPC

 private:
  std::unique_ptr<Calls> calls_;
};

}  // namespace journal::etcd
