// Settings, each checked where it is read.
#include "server/config.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <charconv>

namespace server {

using base::Fault;
using base::Result;

namespace {

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

Result<void> set_journal(const std::string& text, Config& config) {
  if (text == "file") {
    config.journal = JournalKind::File;
  } else if (text == "memory") {
    config.journal = JournalKind::Memory;
  } else {
    return wrong("journal", fmt::format("must be file or memory, not \"{}\"", text));
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

Result<void> read_settings(Settings& settings, Config& config) {
  std::int64_t segment_bytes = static_cast<std::int64_t>(config.segment_bytes);
  auto replay_bytes = static_cast<std::int64_t>(config.replay_bytes_max);
  std::int64_t ageing_ms = config.rules.ageing_step.ms();
  std::string journal;
  for (const Result<void>& result :
       {read_listen(settings, config), set_string(settings, "unix", config.unix_path),
        set_string(settings, "data", config.data_dir), set_string(settings, "journal", journal),
        set_string(settings, "log_level", config.log_level),
        set_number(settings, "segment_bytes", 4 << 20, 1 << 30, segment_bytes),
        set_number(settings, "replay_bytes_max", 64 << 20, std::int64_t{1} << 40, replay_bytes),
        set_number(settings, "ageing_step_ms", 1, 3'600'000, ageing_ms),
        settings.take<bool>("keep_all_segments", "must be true or false",
                            [&](bool keep) {
                              config.keep_all_segments = keep;
                              return Result<void>();
                            }),
        read_limits(settings, config.rules.limits)}) {
    if (!result) return result;
  }
  config.segment_bytes = static_cast<std::uint64_t>(segment_bytes);
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
  if (options.unix_path) config.unix_path = *options.unix_path;
  if (options.data_dir) config.data_dir = *options.data_dir;
  if (options.port_file) config.port_file = *options.port_file;
  if (options.log_level) config.log_level = *options.log_level;
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
  if (auto result = judge(config); !result) return std::unexpected(result.error());
  return config;
}

}  // namespace server
