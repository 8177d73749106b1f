// `turnstile journal`: what each of its subcommands adds.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "base/result.h"
#include "cli/program.h"
#include "journal/disk.h"

namespace cli {

void add_journal_verify(Program& program, CLI::App& group);
void add_journal_dump(Program& program, CLI::App& group);
void add_journal_truncate(Program& program, CLI::App& group);

/// DIR, the data directory.
void add_directory_argument(CLI::App& app, std::string& directory);

/// Opens a data directory that must exist and hold a journal. Fault::Config, Fault::Io.
base::Result<std::unique_ptr<journal::Disk>> open_data(const std::string& directory);

/// The history of a directory in use may be read as well: whoever reads it is told.
base::Result<void> lock_or_warn(journal::Disk& disk);

}  // namespace cli
