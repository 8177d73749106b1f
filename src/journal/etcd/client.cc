// One function a call, and what the answers mean.
#include "journal/etcd/client.h"

#include <chrono>
#include <fstream>
#include <iterator>

#include "base/check.h"
#include "journal/etcd/calls.h"

namespace journal::etcd {

namespace pb = etcdserverpb;

namespace {

/// Pages, snapshots' chunks and gathered changes are larger than gRPC's 4 MiB.
constexpr int kMessageBytesMax = 64 << 20;
/// More frequent pings are taken for an attack by etcd.
constexpr int kPingEveryMs = 10'000;
/// Etcd takes its time over a password, so that guessing is slow.
constexpr base::Duration kAuthenticateWithin = base::Duration::from_seconds(5);

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::shared_ptr<grpc::ChannelCredentials> credentials(const Access& access) {
  if (access.ca_file.empty()) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = read_file(access.ca_file);
  if (!access.certificate_file.empty()) {
    options.pem_cert_chain = read_file(access.certificate_file);
    options.pem_private_key = read_file(access.key_file);
  }
  return grpc::SslCredentials(options);
}

grpc::ChannelArguments channel_arguments() {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMessageBytesMax);
  arguments.SetMaxSendMessageSize(kMessageBytesMax);
  // Each client has connections of its own, so that a flood on one stops no other.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kPingEveryMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kPingEveryMs / 2);
  // A member that was restarted is to be found again soon. The minimum bounds an attempt too.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1'000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1'000);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return arguments;
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

pb::Compare to_compare(const Condition& condition) {
  pb::Compare compare;
  compare.set_target(pb::Compare::CREATE);
  if (const auto* created = std::get_if<CreatedAt>(&condition)) {
    compare.set_result(pb::Compare::EQUAL);
    compare.set_key(created->key);
    compare.set_create_revision(created->revision);
  } else {
    compare.set_result(pb::Compare::GREATER);
    compare.set_key(std::get<Exists>(condition).key);
    compare.set_create_revision(0);
  }
  return compare;
}

pb::RequestOp to_request(const Operation& operation) {
  pb::RequestOp request;
  if (const auto* put = std::get_if<Put>(&operation)) {
    request.mutable_request_put()->set_key(put->key);
    request.mutable_request_put()->set_value(put->value);
    request.mutable_request_put()->set_lease(put->lease);
  } else if (const auto* get = std::get_if<Get>(&operation)) {
    request.mutable_request_range()->set_key(get->key);
  } else {
    const auto& del = std::get<Delete>(operation);
    request.mutable_request_delete_range()->set_key(del.key);
    request.mutable_request_delete_range()->set_range_end(del.end);
  }
  return request;
}

Status to_status(const pb::StatusResponse& response) {
  const pb::ResponseHeader& header = response.header();
  return {response.version(), response.dbsize(), header.member_id(), response.leader(),
          header.raft_term()};
}

}  // namespace

KeyValue to_key_value(const pb::KeyValue& item) {
  return {item.key(), item.value(), item.create_revision(), item.mod_revision()};
}

Client::Calls::Calls(const Access& access) : user(access.user), password(access.password) {
  CHECK(!access.members.empty());
  const auto security = credentials(access);
  for (const std::string& address : access.members) {
    const auto channel = grpc::CreateCustomChannel(address, security, channel_arguments());
    members.push_back({pb::KV::NewStub(channel), pb::Watch::NewStub(channel),
                       pb::Lease::NewStub(channel), pb::Maintenance::NewStub(channel),
                       pb::Auth::NewStub(channel)});
  }
}

/// A call that waits is also what drives the connecting: gRPC does it on the callers' threads, and
/// calls that fail at once would leave a connection half made.
void set_deadline(grpc::ClientContext& context, base::Duration within) {
  context.set_wait_for_ready(true);
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::microseconds(within.us()));
}

template <class Make>
grpc::Status Client::Calls::make(base::Duration within, Make&& make) {
  if (const grpc::Status known = authenticate(); !known.ok()) return known;
  grpc::ClientContext context;
  if (!token.empty()) context.AddMetadata("token", token);
  set_deadline(context, within);
  return make(context);
}

grpc::Status Client::Calls::authenticate() {
  if (user.empty() || !token.empty()) return grpc::Status::OK;
  grpc::ClientContext context;
  set_deadline(context, kAuthenticateWithin);
  pb::AuthenticateRequest request;
  request.set_name(user);
  request.set_password(password);
  pb::AuthenticateResponse response;
  const grpc::Status status = member().auth->Authenticate(&context, request, &response);
  if (status.ok()) token = response.token();
  return status;
}

Failure Client::Calls::judge(const grpc::Status& status) {
  const std::string& text = status.error_message();
  switch (status.error_code()) {
    case grpc::StatusCode::INVALID_ARGUMENT:
      // A token that has expired is refused so; the call asks for a new one and is made again.
      if (contains(text, "invalid auth token") || contains(text, "revision of auth store")) break;
      return {Trouble::Refused, text};
    case grpc::StatusCode::UNIMPLEMENTED:
    case grpc::StatusCode::FAILED_PRECONDITION:
    case grpc::StatusCode::DATA_LOSS: return {Trouble::Refused, text};
    case grpc::StatusCode::PERMISSION_DENIED:
    case grpc::StatusCode::UNAUTHENTICATED:
      if (contains(text, "invalid auth token")) break;
      return {Trouble::Refused, text};
    case grpc::StatusCode::NOT_FOUND: return {Trouble::NoLease, text};
    case grpc::StatusCode::OUT_OF_RANGE:
      if (contains(text, "compacted")) return {Trouble::Compacted, text};
      go_to_next_member();
      return {Trouble::Future, text};
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      if (contains(text, "database space exceeded")) return {Trouble::Full, text};
      if (contains(text, "larger than max")) return {Trouble::Refused, text};
      break;
    default: break;
  }
  token.clear();
  go_to_next_member();
  return {Trouble::Unknown, text.empty() ? "no answer" : text};
}

Client::Client(const Access& access) : calls_(std::make_unique<Calls>(access)) {}
Client::~Client() = default;

Answer<Committed> Client::commit(const Transaction& transaction, base::Duration within) {
  pb::TxnRequest request;
  for (const Condition& condition : transaction.when) {
    *request.add_compare() = to_compare(condition);
  }
  for (const Operation& op : transaction.then) *request.add_success() = to_request(op);
  for (const Operation& op : transaction.otherwise) *request.add_failure() = to_request(op);
  pb::TxnResponse response;
  const grpc::Status status = calls_->make(within, [&](grpc::ClientContext& context) {
    return calls_->member().kv->Txn(&context, request, &response);
  });
  if (!status.ok()) return std::unexpected(calls_->judge(status));
  Committed committed{response.succeeded(), response.header().revision(), {}};
  for (const pb::ResponseOp& op : response.responses()) {
    for (const pb::KeyValue& item : op.response_range().kvs()) {
      committed.found.push_back(to_key_value(item));
    }
  }
  return committed;
}

Answer<Found> Client::range(const Range& range, base::Duration within) {
  pb::RangeRequest request;
  request.set_key(range.key);
  request.set_range_end(range.end);
  request.set_revision(range.revision);
  request.set_limit(range.limit);
  request.set_keys_only(range.keys_only);
  pb::RangeResponse response;
  const grpc::Status status = calls_->make(within, [&](grpc::ClientContext& context) {
    return calls_->member().kv->Range(&context, request, &response);
  });
  if (!status.ok()) return std::unexpected(calls_->judge(status));
  Found found{response.header().revision(), response.header().cluster_id(), response.more(), {}};
  for (const pb::KeyValue& item : response.kvs()) found.items.push_back(to_key_value(item));
  return found;
}

Answer<Lease> Client::grant_lease(base::Duration ttl, base::Duration within) {
  pb::LeaseGrantRequest request;
  request.set_ttl(ttl.us() / 1'000'000);
  pb::LeaseGrantResponse response;
  const grpc::Status status = calls_->make(within, [&](grpc::ClientContext& context) {
    return calls_->member().lease->LeaseGrant(&context, request, &response);
  });
  if (!status.ok()) return std::unexpected(calls_->judge(status));
  return Lease{response.id(), base::Duration::from_seconds(response.ttl())};
}

Answer<Lease> Client::keep_alive(std::int64_t lease, base::Duration within) {
  pb::LeaseKeepAliveRequest request;
  request.set_id(lease);
  pb::LeaseKeepAliveResponse response;
  const grpc::Status status = calls_->make(within, [&](grpc::ClientContext& context) {
    const auto stream = calls_->member().lease->LeaseKeepAlive(&context);
    const bool answered = stream->Write(request) && stream->Read(&response);
    // We end the stream, so how it ends is no news once there is an answer.
    context.TryCancel();
    const grpc::Status end = stream->Finish();
    return answered ? grpc::Status::OK : end;
  });
  if (!status.ok()) return std::unexpected(calls_->judge(status));
  return Lease{response.id(), base::Duration::from_seconds(response.ttl())};
}

Answer<void> Client::revoke(std::int64_t lease, base::Duration within) {
  pb::LeaseRevokeRequest request;
  request.set_id(lease);
  pb::LeaseRevokeResponse response;
  const grpc::Status status = calls_->make(within, [&](grpc::ClientContext& context) {
    return calls_->member().lease->LeaseRevoke(&context, request, &response);
  });
  if (!status.ok()) return std::unexpected(calls_->judge(status));
  return {};
}

Answer<void> Client::compact(std::int64_t revision, base::Duration within) {
  pb::CompactionRequest request;
  request.set_revision(revision);
  pb::CompactionResponse response;
  const grpc::Status status = calls_->make(within, [&](grpc::ClientContext& context) {
    return calls_->member().kv->Compact(&context, request, &response);
  });
  if (!status.ok()) return std::unexpected(calls_->judge(status));
  return {};
}

Answer<Status> Client::status(base::Duration within) {
  pb::StatusResponse response;
  const grpc::Status status = calls_->make(within, [&](grpc::ClientContext& context) {
    return calls_->member().maintenance->Status(&context, {}, &response);
  });
  if (!status.ok()) return std::unexpected(calls_->judge(status));
  return to_status(response);
}

Answer<Status> Client::status_of(std::size_t place, base::Duration within) {
  pb::StatusResponse response;
  const grpc::Status status = calls_->make(within, [&](grpc::ClientContext& context) {
    return calls_->members.at(place).maintenance->Status(&context, {}, &response);
  });
  if (!status.ok()) return std::unexpected(Failure{Trouble::Unknown, status.error_message()});
  return to_status(response);
}

std::size_t Client::member_count() const { return calls_->members.size(); }

void Client::prefer(std::size_t place) {
  CHECK_LT(place, calls_->members.size());
  calls_->current = place;
}

std::unique_ptr<Watch> Client::watch(const std::string& key, const std::string& end,
                                     std::int64_t revision, OnChanges on_changes) {
  return open_watch(*calls_, key, end, revision, std::move(on_changes));
}

}  // namespace journal::etcd
