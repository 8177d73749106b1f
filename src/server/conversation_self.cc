// What a connection is asked about itself and about the server.
#include <fmt/format.h>

#include "command/table.h"
#include "server/conversation.h"
#include "server/reply_writer.h"
#include "server/version.h"

namespace server {

using command::Code;
using command::CommandSpec;
using command::Envelope;
using command::Value;

namespace {

Value describe_documentation(const CommandSpec& spec) {
  return Value::Map{{"summary", std::string(spec.summary)},
                    {"since", std::string(kVersion)},
                    {"group", std::string(command::group_name(spec.group))},
                    {"syntax", std::string(spec.syntax)},
                    {"reply", std::string(spec.reply)}};
}

/// As Redis describes a command: name, arity, flags, first key, last key, step.
Value describe_shape(const CommandSpec& spec) {
  const auto words = static_cast<std::int64_t>(spec.word_count() + spec.min_args);
  // Nearly every command may end in `SESSION id secret`, so its number of words is a minimum.
  const bool fixed =
      spec.min_args == spec.max_args && !spec.options.contains(command::Option::Session);
  Value::List flags{spec.changes ? "write" : "readonly"};
  if (spec.waits) flags.emplace_back("blocking");
  const int key = spec.takes_key ? 1 : 0;
  return Value::List{
      command::redis_name(spec), fixed ? words : -words, std::move(flags), key, key, key};
}

/// The named commands, or all; an unknown name is passed to `visit` as null.
template <class Visit>
void for_each_named(const std::vector<std::string>& names, Visit&& visit) {
  if (names.empty()) {
    for (const CommandSpec& spec : command::table()) visit(&spec);
  }
  for (const std::string& name : names) visit(command::find_name(name));
}

}  // namespace

void Conversation::on(command::Hello& hello, const Envelope&) {
  if (hello.version && *hello.version != 2 && *hello.version != 3) {
    return refuse({Code::NoProtocol, "unsupported protocol version; 2 and 3 are spoken here"});
  }
  if (hello.user) {
    return refuse({Code::Malformed, "AUTH: this server has no users configured; leave AUTH out"});
  }
  if (hello.version) version_ = *hello.version;
  if (version_ == 2) shows_index_ = false;
  if (hello.client_name) name_ = std::move(*hello.client_name);
  write([&](resp::Writer& out) {
    write_value(out, Value::Map{{"server", "turnstile"},
                                {"version", std::string(kVersion)},
                                {"proto", version_},
                                {"id", id_},
                                {"mode", service_.topology ? "cluster" : "standalone"},
                                {"role", service_.redirects ? "replica" : "master"},
                                {"modules", Value::List{}}});
  });
}

void Conversation::on(command::Ping& ping, const Envelope&) {
  write([&](resp::Writer& out) {
    if (ping.message) {
      out.bulk(*ping.message);
    } else {
      out.simple("PONG");
    }
  });
}

void Conversation::on(command::Quit&, const Envelope&) {
  write([](resp::Writer& out) { out.simple("OK"); });
  close("the client said QUIT");
}

void Conversation::on(command::ServerInfo& info, const Envelope&) {
  const std::string text = service_.describe(info.sections);
  write([&](resp::Writer& out) { out.bulk(text); });
}

void Conversation::on(command::CommandList&, const Envelope&) {
  Value::List names;
  for (const CommandSpec& spec : command::table()) names.push_back(command::redis_name(spec));
  write([&](resp::Writer& out) { write_value(out, names); });
}

void Conversation::on(command::CommandCount&, const Envelope&) {
  write([](resp::Writer& out) { out.integer(command::table().size()); });
}

void Conversation::on(command::CommandDocs& docs, const Envelope&) {
  Value::Map map;
  for_each_named(docs.names, [&](const CommandSpec* spec) {
    if (spec != nullptr)
      map.emplace_back(command::redis_name(*spec), describe_documentation(*spec));
  });
  write([&](resp::Writer& out) { write_value(out, map); });
}

void Conversation::on(command::CommandInfo& info, const Envelope&) {
  Value::List rows;
  for_each_named(info.names, [&](const CommandSpec* spec) {
    rows.push_back(spec == nullptr ? Value() : describe_shape(*spec));
  });
  write([&](resp::Writer& out) { write_value(out, rows); });
}

/// Other nodes ask, too, and must get their answer even while the journal gets nothing done.
void Conversation::on(command::ClusterQuery& query, const Envelope&) {
  if (service_.topology == nullptr) {
    return refuse({Code::Malformed,
                   "this server is alone; nodes of a cluster are started with --journal etcd://"});
  }
  const Value answer = server::answer(*service_.topology, query.about);
  write_at_once([&](resp::Writer& out) { write_value(out, answer); });
}

void Conversation::on(command::ElectionObserve& observe, const Envelope&) {
  if (observe.on && !can_hear_pushes()) {
    return refuse({Code::Malformed,
                   "ELECTION.OBSERVE needs RESP3, for changes come as pushes; say HELLO 3 first"});
  }
  const auto max = static_cast<std::size_t>(service_.limits.observed_elections);
  if (observe.on && !observed_.contains(observe.name) && observed_.size() >= max) {
    return refuse({Code::Limit, fmt::format("this connection observes {} elections, which is the "
                                            "limit (observed_elections)",
                                            max)});
  }
  if (observe.on && observed_.insert(observe.name).second) service_.hub.observe(observe.name, id_);
  if (!observe.on && observed_.erase(observe.name) != 0) service_.hub.ignore(observe.name, id_);
  const Value leader = service_.pipeline.machine().leader_of(observe.name);
  write([&](resp::Writer& out) { write_value(out, leader); });
}

void Conversation::on(command::ClientId&, const Envelope&) {
  write([&](resp::Writer& out) { out.integer(id_); });
}

void Conversation::on(command::ClientSetName& set, const Envelope&) {
  name_ = std::move(set.name);
  write([](resp::Writer& out) { out.simple("OK"); });
}

void Conversation::on(command::ClientGetName&, const Envelope&) {
  write([&](resp::Writer& out) {
    if (name_.empty()) {
      out.null();
    } else {
      out.bulk(name_);
    }
  });
}

void Conversation::on(command::ClientSetInfo& set, const Envelope&) {
  const bool is_name = set.attribute == command::ClientSetInfo::Attribute::LibraryName;
  (is_name ? library_ : library_version_) = std::move(set.value);
  write([](resp::Writer& out) { out.simple("OK"); });
}

void Conversation::on(command::ClientIndex& index, const Envelope&) {
  if (index.on && version_ != 3) {
    return refuse({Code::Malformed, "CLIENT INDEX needs RESP3; say HELLO 3 first"});
  }
  shows_index_ = index.on;
  write([](resp::Writer& out) { out.simple("OK"); });
}

}  // namespace server
