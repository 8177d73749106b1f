// Settings from a file and from the command line.
#include "server/config.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

namespace server {
namespace {

/// Writes the text to a file that lives as long as the object.
class ConfigFile {
 public:
  explicit ConfigFile(const std::string& text) {
    const int descriptor = ::mkstemp(path_.data());
    EXPECT_GE(descriptor, 0);
    std::ofstream(path_) << text;
    ::close(descriptor);
  }
  ~ConfigFile() { std::remove(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  std::string path_ = testing::TempDir() + "turnstile-config-XXXXXX";
};

base::Result<Config> load(const std::string& text, ServeOptions options = {}) {
  const ConfigFile file(text);
  options.config_path = file.path();
  return load_config(options);
}

TEST(ConfigTest, every_setting_is_read) {
  const auto config = load(R"(
listen = ["127.0.0.1:1", "[::1]:2"]
unix = "/run/t.sock"
data = "/var/lib/t"
journal = "memory"
segment_bytes = 8388608
keep_all_segments = true
compaction_bytes_min = 1048576
replay_bytes_max = 134217728
ageing_step_ms = 250
log_level = "debug"
[limits]
connections = 7
waiters_per_key = 8
)");
  ASSERT_TRUE(config) << config.error().message;
  ASSERT_EQ(config->listen.size(), 2U);
  EXPECT_EQ(config->listen[1].host, "::1");
  EXPECT_EQ(config->listen[1].port, 2);
  EXPECT_EQ(config->unix_path, "/run/t.sock");
  EXPECT_EQ(config->data_dir, "/var/lib/t");
  EXPECT_EQ(config->journal, JournalKind::Memory);
  EXPECT_EQ(config->segment_bytes, 8388608U);
  EXPECT_TRUE(config->keep_all_segments);
  EXPECT_EQ(config->compaction_bytes_min, 1048576U);
  EXPECT_EQ(config->replay_bytes_max, 134217728U);
  EXPECT_EQ(config->rules.ageing_step, base::Duration::from_ms(250));
  EXPECT_EQ(config->log_level, "debug");
  EXPECT_EQ(config->rules.limits.connections, 7);
  EXPECT_EQ(config->rules.limits.waiters_per_key, 8);
}

TEST(ConfigTest, the_command_line_goes_before_the_file) {
  ServeOptions options;
  options.data_dir = "/elsewhere";
  options.listen = {"127.0.0.1:0"};
  const auto config =
      load("data = \"/here\"\nlisten = [\"127.0.0.1:1\", \"127.0.0.1:2\"]", options);
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->data_dir, "/elsewhere");
  ASSERT_EQ(config->listen.size(), 1U);
  EXPECT_EQ(config->listen[0].port, 0);
}

TEST(ConfigTest, every_limit_can_be_set_and_its_range_is_kept) {
  command::Limits limits;
  command::for_each_limit(limits, [](const char* name, const char*, std::int64_t&) {
    const std::string setting = std::string("[limits]\n") + name;
    EXPECT_FALSE(load(setting + " = 0")) << name;
    EXPECT_FALSE(load(setting + " = 1000000001")) << name;
    EXPECT_FALSE(load(setting + " = \"many\"")) << name;
  });
}

TEST(ConfigTest, a_missing_file_says_so) {
  ServeOptions options;
  options.config_path = "/nowhere/turnstile.toml";
  const auto config = load_config(options);
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().fault, base::Fault::Config);
  EXPECT_NE(config.error().message.find("/nowhere/turnstile.toml"), std::string::npos);
}

TEST(ConfigTest, nothing_to_listen_on_is_refused) {
  ServeOptions options;
  options.listen = {"none"};
  EXPECT_FALSE(load_config(options));
  options.unix_path = "/tmp/t.sock";
  EXPECT_TRUE(load_config(options));
}

TEST(ConfigTest, addresses_are_host_and_port) {
  EXPECT_EQ(parse_address("localhost:7420")->port, 7420);
  EXPECT_EQ(parse_address("[::1]:65535")->host, "::1");
  for (const char* text : {"", ":", "7420", ":7420", "host:", "host:65536", "host:-1", "host:1x"}) {
    EXPECT_FALSE(parse_address(text)) << text;
  }
}

TEST(ConfigTest, a_node_of_a_cluster) {
  const auto config = load(R"(
listen = ["127.0.0.1:7421"]
journal = "etcd://10.0.0.1:2379,[::1]:2380/locks/eu/"
[etcd]
ca = "/ca.pem"
certificate = "/client.pem"
key = "/client.key"
user = "turnstile"
password_file = "/password"
quota_bytes = 4294967296
)");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->journal, JournalKind::Etcd);
  EXPECT_EQ(config->etcd.members, (std::vector<std::string>{"10.0.0.1:2379", "[::1]:2380"}));
  EXPECT_EQ(config->etcd.prefix, "locks/eu");
  EXPECT_EQ(config->etcd.ca_file, "/ca.pem");
  EXPECT_EQ(config->etcd.key_file, "/client.key");
  EXPECT_EQ(config->etcd.user, "turnstile");
  EXPECT_EQ(config->etcd.password_file, "/password");
  EXPECT_EQ(config->etcd.quota_bytes, std::int64_t{4} << 30);
  EXPECT_EQ(config->advertise, "127.0.0.1:7421") << "where it listens, unless it says otherwise";
  EXPECT_EQ(config->rules.limits.ttl_min_ms, 3000) << "a session outlives a change of leaders";
}

TEST(ConfigTest, what_a_node_of_a_cluster_cannot_be) {
  const auto error_of = [](const std::string& text) { return load(text).error().message; };
  const std::string journal = "journal = \"etcd://127.0.0.1:2379/t\"\n";
  EXPECT_NE(error_of("journal = \"etcd://127.0.0.1:2379\"").find("must end in a prefix"),
            std::string::npos);
  EXPECT_NE(error_of("journal = \"etcd:///t\"").find("names no member"), std::string::npos);
  EXPECT_NE(error_of("journal = \"etcd://here/t\"").find("is not HOST:PORT"), std::string::npos);
  EXPECT_NE(error_of("listen = [\"127.0.0.1:0\"]\n" + journal).find("--advertise"),
            std::string::npos);
  EXPECT_NE(error_of(journal + "[limits]\nrequest_bytes = 1000000\ninput_bytes = 2000000\n")
                .find("request_bytes"),
            std::string::npos);
  EXPECT_NE(error_of(journal + "[etcd]\ncertificate = \"/c\"\n").find("go together"),
            std::string::npos);
  EXPECT_NE(error_of(journal + "[etcd]\nhost = \"x\"\n").find("unknown setting \"host\" in [etcd]"),
            std::string::npos);
}

}  // namespace
}  // namespace server
