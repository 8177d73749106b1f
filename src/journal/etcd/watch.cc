// A watch and the thread that listens to it.
#include <thread>

#include "journal/etcd/calls.h"

namespace journal::etcd {

namespace pb = etcdserverpb;

namespace {

class WatchStream final : public Watch {
 public:
  WatchStream(Member& member, const std::string& token, const pb::WatchRequest& request,
              OnChanges on_changes)
      : stub_(*member.watch), on_changes_(std::move(on_changes)) {
    if (!token.empty()) context_.AddMetadata("token", token);
    // A member that is cut off from the others ends the stream rather than be silent for ever.
    context_.AddMetadata("hasleader", "true");
    thread_ = std::thread([this, request] { listen(request); });
  }
  ~WatchStream() override {
    context_.TryCancel();
    thread_.join();
  }

 private:
  void listen(const pb::WatchRequest& request) {
    // Here and not in the constructor: it waits for the connection.
    const auto stream = stub_.Watch(&context_);
    pb::WatchResponse response;
    std::vector<Change> changes;
    if (stream->Write(request)) {
      while (stream->Read(&response) && !response.canceled()) {
        for (const pb::Event& event : response.events()) {
          changes.push_back({event.type() == pb::Event::DELETE, to_key_value(event.kv())});
        }
        // A revision that is sent in fragments is passed on whole.
        if (response.fragment() || changes.empty()) continue;
        on_changes_(std::exchange(changes, {}));
      }
    }
    context_.TryCancel();
    stream->Finish();
    on_changes_({});
  }

  pb::Watch::Stub& stub_;
  const OnChanges on_changes_;
  grpc::ClientContext context_;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Watch> open_watch(Client::Calls& calls, const std::string& key,
                                  const std::string& end, std::int64_t revision,
                                  OnChanges on_changes) {
  pb::WatchRequest request;
  auto* create = request.mutable_create_request();
  create->set_key(key);
  create->set_range_end(end);
  create->set_start_revision(revision);
  create->set_fragment(true);
  return std::make_unique<WatchStream>(calls.member(), calls.token, request, std::move(on_changes));
}

}  // namespace journal::etcd
