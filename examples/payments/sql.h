// The texts of the .sql files of this folder, put here by the build.
#pragma once

namespace payments {

extern const char* const schema_sql;
extern const char* const fence_sql;
extern const char* const check_sql;
extern const char* const cards_schema_sql;
extern const char* const cards_check_sql;

}  // namespace payments
