// Checks a database that the demo left behind (`--keep`), of either act: prints the proofs and ends
// with 0 if all hold, 1 if one fails, 2 if the database cannot be read.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <string>
#include <vector>

#include "check.h"
#include "report.h"
#include "sql.h"

namespace {

void print(const std::vector<payments::Proof>& proofs, const nlohmann::ordered_json& json,
           bool as_json) {
  std::cout << (as_json ? json.dump(2) + "\n" : payments::to_text(proofs));
}

}  // namespace

int main(int argc, char** argv) {
  std::string database;
  bool as_json = false;
  CLI::App app("Checks a database of the payments demo.");
  app.add_option("database", database, "The SQLite database")->required();
  app.add_flag("--json", as_json, "For machines");
  CLI11_PARSE(app, argc, argv);
  try {
    if (payments::has_cards(database)) {
      const auto proofs = payments::prove(database, payments::cards_check_sql);
      const bool is_ok = std::ranges::all_of(proofs, &payments::Proof::is_ok);
      print(proofs, {{"ok", is_ok}, {"proofs", payments::to_json(proofs)}}, as_json);
      return is_ok ? 0 : 1;
    }
    const payments::Verdict verdict = payments::check(database);
    print(verdict.proofs, payments::to_json(verdict), as_json);
    return verdict.is_ok() ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << database << ": " << error.what() << '\n';
    return 2;
  }
}
