// Lock and Unlock of etcd's lock service: the recipe of its client library, run in the server, so
// that a pair is two calls. A channel and a lease for each worker: the service takes two requests
// with one lease for the same holder.
#include "etcd_locker.h"

#include <fmt/format.h>
#include <grpcpp/grpcpp.h>

#include <stdexcept>
#include <string>

#include "etcd_lease.grpc.pb.h"
#include "etcd_lock.grpc.pb.h"

namespace bench {
namespace {

/// Longer than any measurement: nobody renews the lease.
constexpr std::int64_t kLeaseSeconds = 3600;

void check(const grpc::Status& status, const char* call) {
  if (!status.ok()) throw std::runtime_error(fmt::format("{}: {}", call, status.error_message()));
}

/// gRPC shares connections between channels to the same place unless it is told otherwise.
std::shared_ptr<grpc::Channel> own_channel(std::uint16_t port) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(fmt::format("127.0.0.1:{}", port),
                                   grpc::InsecureChannelCredentials(), arguments);
}

class EtcdLocker final : public Locker {
 public:
  explicit EtcdLocker(std::uint16_t port)
      : channel_(own_channel(port)),
        leases_(etcdserverpb::Lease::NewStub(channel_)),
        locks_(v3lockpb::Lock::NewStub(channel_)) {
    grpc::ClientContext context;
    etcdserverpb::LeaseGrantRequest request;
    request.set_ttl(kLeaseSeconds);
    etcdserverpb::LeaseGrantResponse response;
    check(leases_->LeaseGrant(&context, request, &response), "LeaseGrant");
    lease_ = response.id();
  }

  ~EtcdLocker() override {
    grpc::ClientContext context;
    etcdserverpb::LeaseRevokeRequest request;
    request.set_id(lease_);
    etcdserverpb::LeaseRevokeResponse response;
    leases_->LeaseRevoke(&context, request, &response);
  }

  EtcdLocker(const EtcdLocker&) = delete;
  EtcdLocker& operator=(const EtcdLocker&) = delete;

  std::uint64_t lock(const std::string& key) override {
    grpc::ClientContext context;
    v3lockpb::LockRequest request;
    request.set_name(key);
    request.set_lease(lease_);
    v3lockpb::LockResponse response;
    check(locks_->Lock(&context, request, &response), "Lock");
    key_ = response.key();
    return kNoToken;
  }

  void unlock() override {
    grpc::ClientContext context;
    v3lockpb::UnlockRequest request;
    request.set_key(key_);
    v3lockpb::UnlockResponse response;
    check(locks_->Unlock(&context, request, &response), "Unlock");
  }

 private:
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<etcdserverpb::Lease::Stub> leases_;
  const std::unique_ptr<v3lockpb::Lock::Stub> locks_;
  std::int64_t lease_ = 0;
  std::string key_;
};

}  // namespace

std::unique_ptr<Locker> make_etcd_locker(std::uint16_t port) {
  return std::make_unique<EtcdLocker>(port);
}

}  // namespace bench
