// What client.cc and watch.cc share: the channels and their stubs.
#pragma once

#include <etcd.grpc.pb.h>
#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <vector>

#include "journal/etcd/client.h"

namespace journal::etcd {

/// One member of etcd and a connection to it.
struct Member {
  std::unique_ptr<etcdserverpb::KV::Stub> kv;
  std::unique_ptr<etcdserverpb::Watch::Stub> watch;
  std::unique_ptr<etcdserverpb::Lease::Stub> lease;
  std::unique_ptr<etcdserverpb::Maintenance::Stub> maintenance;
  std::unique_ptr<etcdserverpb::Auth::Stub> auth;
};

struct Client::Calls {
  explicit Calls(const Access& access);

  Member& member() { return members[current]; }
  void go_to_next_member() { current = (current + 1) % members.size(); }
  /// Makes a call with its deadline and all else that goes with every call, a token of the user's
  /// among it; if there is none to be had, that is the status.
  template <class Make>
  grpc::Status make(base::Duration within, Make&& make);
  /// Asks for a token if there is a user and no token.
  grpc::Status authenticate();
  /// What a status that is not OK means. Goes to the next member if it means nothing.
  Failure judge(const grpc::Status& status);

  const std::string user;
  const std::string password;
  std::string token;
  std::vector<Member> members;
  std::size_t current = 0;
};

std::unique_ptr<Watch> open_watch(Client::Calls& calls, const std::string& key,
                                  const std::string& end, std::int64_t revision,
                                  OnChanges on_changes);

KeyValue to_key_value(const etcdserverpb::KeyValue& item);

}  // namespace journal::etcd
