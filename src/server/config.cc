// Settings, each checked where it is read.
#include "server/config.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <charconv>

namespace server {

using base::Fault;
using base::Result;

namespace {

constexpr std::int64_t kClusterRequestBytesMax = 512 << 10;
constexpr std::int64_t kClusterTtlMinMs = 3'000;

std::unexpected<base::Error> wrong(std::string_view setting, std::string_view why) {
  return base::failure(Fault::Config, fmt::format("setting \"{}\": {}", setting, why));
}

/// Takes the settings of one table one by one; what is left over at the end is unknown.
class Settings {
 public:
  explicit Settings(toml::table table) : table_(std::move(table)) {}

  template <class T, class Use>
  Result<void> take(std::string_view name, std::string_view expected, Use&& use) {
    const auto it = table_.find(name);
    if (it == table_.end()) return {};
    const auto value = it->second.value_exact<T>();
    if (!value) return wrong(name, expected);
    Result<void> used = use(*value);
    table_.erase(name);
    return used;
  }

  toml::node* find(std::string_view name) {
    const auto it = table_.find(name);
    return it == table_.end() ? nullptr : &it->second;
  }
  void erase(std::string_view name) { table_.erase(name); }

  Result<void> finish(std::string_view where) const {
    if (table_.empty()) return {};
    return base::failure(
        Fault::Config, fmt::format("unknown setting \"{}\"{}", table_.begin()->first.str(), where));
  }

 private:
  toml::table table_;
};

Result<void> set_string(Settings& settings, std::string_view name, std::string& target) {
  return settings.take<std::string>(name, "must be a string", [&](const std::string& value) {
    target = value;
    return Result<void>();
  });
}

Result<void> set_number(Settings& settings, std::string_view name, std::int64_t low,
                        std::int64_t high, std::int64_t& target) {
  const std::string expected = fmt::format("must be a whole number from {} to {}", low, high);
  return settings.take<std::int64_t>(name, expected, [&](std::int64_t value) -> Result<void> {
    if (value < low || value > high) return wrong(name, expected);
    target = value;
    return {};
  });
}

constexpr std::string_view kEtcdScheme = "etcd://";

/// "HOST:PORT,HOST:PORT/PREFIX".
Result<void> set_etcd(std::string_view text, EtcdSettings& etcd) {
  const std::size_t slash = text.find('/');
  std::string_view members = text.substr(0, slash);
  std::string_view prefix =
      slash == std::string_view::npos ? std::string_view() : text.substr(slash + 1);
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  if (prefix.empty()) {
    return wrong("journal",
                 "the address of etcd must end in a prefix for its keys, as in "
                 "etcd://127.0.0.1:2379/turnstile");
  }
  etcd.prefix = prefix;
  etcd.members.clear();
  while (!members.empty()) {
    const std::size_t comma = std::min(members.find(','), members.size());
    const std::string member(members.substr(0, comma));
    if (auto address = parse_address(member); !address) return std::unexpected(address.error());
    etcd.members.push_back(member);
    members.remove_prefix(std::min(comma + 1, members.size()));
  }
  if (etcd.members.empty()) return wrong("journal", "names no member of etcd");
  return {};
}

Result<void> set_journal(const std::string& text, Config& config) {
  if (text == "file") {
    config.journal = JournalKind::File;
  } else if (text == "memory") {
    config.journal = JournalKind::Memory;
  } else if (text.starts_with(kEtcdScheme)) {
    config.journal = JournalKind::Etcd;
    return set_etcd(text.substr(kEtcdScheme.size()), config.etcd);
  } else {
    return wrong("journal", fmt::format("must be file, memory or etcd://HOST:PORT,.../PREFIX, "
                                        "not \"{}\"",
                                        text));
  }
  return {};
}

Result<void> set_listen(const std::vector<std::string>& texts, Config& config) {
  config.listen.clear();
  if (texts.size() == 1 && texts.front() == "none") return {};
  for (const std::string& text : texts) {
    auto address = parse_address(text);
    if (!address) return std::unexpected(address.error());
    config.listen.push_back(std::move(*address));
  }
  return {};
}

Result<void> read_listen(Settings& settings, Config& config) {
  const toml::node* node = settings.find("listen");
  if (node == nullptr) return {};
  std::vector<std::string> texts;
  const toml::array* list = node->as_array();
  if (list == nullptr) return wrong("listen", "must be a list of \"HOST:PORT\"");
  for (const toml::node& item : *list) {
    const auto text = item.value_exact<std::string>();
    if (!text) return wrong("listen", "must be a list of \"HOST:PORT\"");
    texts.push_back(*text);
  }
  settings.erase("listen");
  return set_listen(texts, config);
}

Result<void> read_limits(Settings& settings, command::Limits& limits) {
  toml::node* node = settings.find("limits");
  if (node == nullptr) return {};
  toml::table* table = node->as_table();
  if (table == nullptr) return wrong("limits", "must be a table: [limits]");
  Settings limit_settings(std::move(*table));
  settings.erase("limits");
  Result<void> result;
  constexpr std::int64_t kMost = 1'000'000'000;
  command::for_each_limit(limits, [&](const char* name, const char*, std::int64_t& value) {
    if (result) result = set_number(limit_settings, name, 1, kMost, value);
  });
  if (!result) return result;
  return limit_settings.finish(" in [limits]");
}

Result<void> read_etcd(Settings& settings, EtcdSettings& etcd) {
  toml::node* node = settings.find("etcd");
  if (node == nullptr) return {};
  toml::table* table = node->as_table();
  if (table == nullptr) return wrong("etcd", "must be a table: [etcd]");
  Settings etcd_settings(std::move(*table));
  settings.erase("etcd");
  for (const Result<void>& result :
       {set_string(etcd_settings, "ca", etcd.ca_file),
        set_string(etcd_settings, "certificate", etcd.certificate_file),
        set_string(etcd_settings, "key", etcd.key_file),
        set_string(etcd_settings, "user", etcd.user),
        set_string(etcd_settings, "password_file", etcd.password_file),
        set_number(etcd_settings, "quota_bytes", 64 << 20, std::int64_t{1} << 40,
                   etcd.quota_bytes)}) {
    if (!result) return result;
  }
  return etcd_settings.finish(" in [etcd]");
}

Result<void> read_settings(Settings& settings, Config& config) {
  std::int64_t segment_bytes = static_cast<std::int64_t>(config.segment_bytes);
  auto compaction_bytes = static_cast<std::int64_t>(config.compaction_bytes_min);
  auto replay_bytes = static_cast<std::int64_t>(config.replay_bytes_max);
  std::int64_t ageing_ms = config.rules.ageing_step.ms();
  std::string journal;
  for (const Result<void>& result :
       {read_listen(settings, config), set_string(settings, "unix", config.unix_path),
        set_string(settings, "data", config.data_dir), set_string(settings, "journal", journal),
        set_string(settings, "log_level", config.log_level),
        set_number(settings, "segment_bytes", 64 << 10, 1 << 30, segment_bytes),
        set_number(settings, "compaction_bytes_min", 64 << 10, 1 << 30, compaction_bytes),
        set_number(settings, "replay_bytes_max", 64 << 20, std::int64_t{1} << 40, replay_bytes),
        set_number(settings, "ageing_step_ms", 1, 3'600'000, ageing_ms),
        settings.take<bool>("keep_all_segments", "must be true or false",
                            [&](bool keep) {
                              config.keep_all_segments = keep;
                              return Result<void>();
                            }),
        set_string(settings, "advertise", config.advertise), read_etcd(settings, config.etcd),
        read_limits(settings, config.rules.limits)}) {
    if (!result) return result;
  }
  config.segment_bytes = static_cast<std::uint64_t>(segment_bytes);
  config.compaction_bytes_min = static_cast<std::uint64_t>(compaction_bytes);
  config.replay_bytes_max = static_cast<std::uint64_t>(replay_bytes);
  config.rules.ageing_step = base::Duration::from_ms(ageing_ms);
  if (!journal.empty()) {
    if (auto result = set_journal(journal, config); !result) return result;
  }
  return settings.finish("");
}

Result<void> read_file(const std::string& path, Config& config) {
  try {
    Settings settings(toml::parse_file(path));
    auto read = read_settings(settings, config);
    if (!read) return base::failure(read.error().fault, path + ": " + read.error().message);
    return {};
  } catch (const toml::parse_error& error) {
    const auto& where = error.source().begin;
    return base::failure(Fault::Config, fmt::format("{}:{}:{}: {}", path, where.line, where.column,
                                                    error.description()));
  }
}

Result<void> put_over(const ServeOptions& options, Config& config) {
  if (!options.listen.empty()) {
    if (auto result = set_listen(options.listen, config); !result) return result;
  }
  if (options.journal) {
    if (auto result = set_journal(*options.journal, config); !result) return result;
  }
  if (options.advertise) config.advertise = *options.advertise;
  if (options.unix_path) config.unix_path = *options.unix_path;
  if (options.data_dir) config.data_dir = *options.data_dir;
  if (options.port_file) config.port_file = *options.port_file;
  if (options.log_level) config.log_level = *options.log_level;
  return {};
}

/// What a node of a cluster needs beyond a single one.
Result<void> judge_cluster(Config& config) {
  if (config.advertise.empty()) {
    if (config.listen.size() != 1 || config.listen.front().port == 0) {
      return base::failure(Fault::Usage,
                           "a node of a cluster must say where others reach it: --advertise "
                           "HOST:PORT");
    }
    const Address& own = config.listen.front();
    const bool is_v6 = own.host.find(':') != std::string::npos;
    config.advertise = fmt::format(fmt::runtime(is_v6 ? "[{}]:{}" : "{}:{}"), own.host, own.port);
  }
  if (auto address = parse_address(config.advertise); !address) {
    return std::unexpected(address.error());
  }
  if (config.advertise.find_first_of(" /\t\r\n") != std::string::npos) {
    return wrong("advertise", "must be HOST:PORT");
  }
  if (config.etcd.certificate_file.empty() != config.etcd.key_file.empty()) {
    return wrong("etcd.certificate", "and etcd.key go together");
  }
  if (!config.etcd.certificate_file.empty() && config.etcd.ca_file.empty()) {
    return wrong("etcd.ca", "is needed beside a certificate");
  }
  auto& limits = config.rules.limits;
  // A batch is at most 256 KiB and one entry, and a request to etcd 1.5 MiB.
  if (limits.request_bytes > kClusterRequestBytesMax) {
    return wrong("request_bytes", fmt::format("must be at most {} in a cluster: etcd takes no "
                                              "larger entries",
                                              kClusterRequestBytesMax));
  }
  // A change of leaders must not cost a healthy client its session.
  limits.ttl_min_ms = std::max(limits.ttl_min_ms, kClusterTtlMinMs);
  limits.ttl_max_ms = std::max(limits.ttl_max_ms, limits.ttl_min_ms);
  return {};
}

Result<void> judge(const Config& config) {
  if (config.listen.empty() && config.unix_path.empty()) {
    return base::failure(Fault::Usage, "nothing to listen on: give an address or a Unix socket");
  }
  const auto& limits = config.rules.limits;
  if (limits.ttl_min_ms > limits.ttl_max_ms) {
    return wrong("ttl_min_ms", "must not be greater than ttl_max_ms");
  }
  if (limits.argument_bytes > limits.request_bytes || limits.request_bytes > limits.input_bytes) {
    return wrong("argument_bytes", "must not exceed request_bytes, nor that input_bytes");
  }
  return {};
}

}  // namespace

Result<Address> parse_address(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  Address address;
  bool good = colon != std::string::npos && colon > 0;
  if (good) {
    address.host = text.substr(0, colon);
    if (address.host.front() == '[' && address.host.back() == ']') {
      address.host = address.host.substr(1, address.host.size() - 2);
    }
    const char* first = text.data() + colon + 1;
    const char* last = text.data() + text.size();
    const auto [end, error] = std::from_chars(first, last, address.port);
    good = error == std::errc() && end == last && first != last;
  }
  if (!good) {
    return base::failure(Fault::Usage, fmt::format("\"{}\" is not HOST:PORT, as in "
                                                   "127.0.0.1:7420 or [::1]:7420",
                                                   text));
  }
  return address;
}

Result<Config> load_config(const ServeOptions& options) {
  Config config;
  if (options.config_path) {
    if (auto result = read_file(*options.config_path, config); !result) {
      return std::unexpected(result.error());
    }
  }
  if (auto result = put_over(options, config); !result) return std::unexpected(result.error());
  if (config.journal == JournalKind::Etcd) {
    if (auto result = judge_cluster(config); !result) return std::unexpected(result.error());
  }
  if (auto result = judge(config); !result) return std::unexpected(result.error());
  return config;
}

}  // namespace server
