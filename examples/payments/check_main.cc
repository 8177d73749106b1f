// Checks a database that the demo left behind (`--keep`): prints the proofs and ends
// with 0 if all hold, 1 if one fails, 2 if the database cannot be read.
#include <CLI/CLI.hpp>
#include <iostream>
#include <string>

#include "check.h"
#include "report.h"

int main(int argc, char** argv) {
  std::string database;
  bool as_json = false;
  CLI::App app("Checks a database of the payments demo.");
  app.add_option("database", database, "The SQLite database")->required();
  app.add_flag("--json", as_json, "For machines");
  CLI11_PARSE(app, argc, argv);
  try {
    const payments::Verdict verdict = payments::check(database);
    std::cout << (as_json ? payments::to_json(verdict).dump(2) + "\n"
                          : payments::to_text(verdict.proofs));
    return verdict.is_ok() ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << database << ": " << error.what() << '\n';
    return 2;
  }
}
