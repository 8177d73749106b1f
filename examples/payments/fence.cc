// See fence.h.
#include "fence.h"

namespace payments {

sqlite::Statement prepare_fence(sqlite::Database& database) {
  return database.prepare("INSERT INTO assert_fence VALUES (?, ?)");
}

bool show_token(sqlite::Statement& fence, std::string_view resource, std::uint64_t token) {
  try {
    fence.bind(resource, static_cast<std::int64_t>(token)).run();
    return true;
  } catch (const sqlite::Error& error) {
    if (error.code == SQLITE_CONSTRAINT_TRIGGER) return false;
    throw;
  }
}

}  // namespace payments
