// pg_advisory_lock and pg_advisory_unlock of a session, prepared. They are kept in memory only.
#include "postgres_locker.h"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace bench {
namespace {

class PostgresLocker final : public Locker {
 public:
  explicit PostgresLocker(std::uint16_t port)
      : connection_(PQconnectdb(fmt::format("host=127.0.0.1 port={} user=postgres "
                                            "dbname=postgres sslmode=disable",
                                            port)
                                    .c_str())) {
    if (PQstatus(connection_.get()) != CONNECTION_OK) fail("connect");
    prepare("lock", "SELECT pg_advisory_lock($1::bigint)");
    prepare("unlock", "SELECT pg_advisory_unlock($1::bigint)");
  }

  std::uint64_t lock(const std::string& key) override {
    number_ = std::to_string(static_cast<std::int64_t>(std::hash<std::string>()(key) >> 1));
    call("lock");
    return kNoToken;
  }

  void unlock() override {
    const Result result = call("unlock");
    if (std::string_view(PQgetvalue(result.get(), 0, 0)) != "t") {
      throw std::runtime_error("pg_advisory_unlock: not held any more");
    }
  }

 private:
  struct Free {
    void operator()(PGconn* connection) const { PQfinish(connection); }
    void operator()(PGresult* result) const { PQclear(result); }
  };
  using Result = std::unique_ptr<PGresult, Free>;

  [[noreturn]] void fail(const char* what) const {
    throw std::runtime_error(
        fmt::format("PostgreSQL, {}: {}", what, PQerrorMessage(connection_.get())));
  }

  void prepare(const char* name, const char* statement) {
    const Result result(PQprepare(connection_.get(), name, statement, 1, nullptr));
    if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) fail(name);
  }

  Result call(const char* name) {
    const char* const values[] = {number_.c_str()};
    Result result(PQexecPrepared(connection_.get(), name, 1, values, nullptr, nullptr, 0));
    if (PQresultStatus(result.get()) != PGRES_TUPLES_OK) fail(name);
    return result;
  }

  std::unique_ptr<PGconn, Free> connection_;
  std::string number_;
};

}  // namespace

std::unique_ptr<Locker> make_postgres_locker(std::uint16_t port) {
  return std::make_unique<PostgresLocker>(port);
}

}  // namespace bench
