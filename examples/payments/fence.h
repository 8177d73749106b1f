// Showing a token to the fence of fence.sql.
#pragma once

#include <cstdint>
#include <string_view>

#include "sqlite.h"

namespace payments {

/// As a prepared statement: see show_token().
sqlite::Statement prepare_fence(sqlite::Database& database);

/// False if the fence has seen a greater token for that resource: roll back then. Throws
/// sqlite::Error for all else.
bool show_token(sqlite::Statement& fence, std::string_view resource, std::uint64_t token);

}  // namespace payments
