// Rows in aligned columns that fit the terminal.
//
// Columns are as wide as their widest cell. If a row is then too long, the
// elastic columns are cut, the widest first, down to a least width; if that is
// not enough, the columns that can be spared are left out, the last first. The
// others are names that somebody will copy, and stay whole.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/terminal.h"

namespace cli {

struct Column {
  std::string heading;
  bool is_number = false;   ///< aligned to the right
  bool is_elastic = false;  ///< may be cut
  bool is_spare = false;    ///< may be left out
  std::size_t least = 8;    ///< an elastic one is not cut beyond this
};

struct Cell {
  Cell(std::string content, Style its_style = Style::Plain)  // NOLINT: a text reads as a cell
      : text(std::move(content)), style(its_style) {}

  std::string text;  ///< printable
  Style style;
};

class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  /// As many cells as there are columns.
  void add(std::vector<Cell> row);
  bool empty() const { return rows_.empty(); }

  /// The heading and all rows, each line with its end, after `indent` blanks. A column in which
  /// all cells are empty is left out.
  std::string text(const Terminal& terminal, std::size_t indent = 0) const;

 private:
  std::vector<std::size_t> widths(std::size_t available) const;
  std::string line(const std::vector<Cell>& row, const std::vector<std::size_t>& widths,
                   const Terminal& terminal) const;

  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace cli
