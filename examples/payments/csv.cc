// See csv.h. A line is cut into fields that remember their column; then each field
// is judged by itself, and last what lines say together: ids and currencies.
#include "csv.h"

#include <fmt/format.h>
#include <fmt/std.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <string_view>
#include <unordered_map>

namespace payments {
namespace {

constexpr std::string_view kColumns[] = {"id", "debtor", "creditor", "amount", "currency"};
constexpr std::size_t kColumnCount = std::size(kColumns);
constexpr std::size_t kNameMax = 128;

struct Field {
  std::string text;
  std::size_t column = 1;
};

/// The payments read so far, and where: enough to refuse the next line with its place.
class Reader {
 public:
  explicit Reader(std::filesystem::path file) : file_(std::move(file)) {}

  std::vector<Payment> read();

 private:
  [[noreturn]] void refuse(std::size_t column, const std::string& what) const;
  std::vector<Field> split(std::string_view text) const;
  Field next_field(std::string_view text, std::size_t& at) const;
  void check_header(const std::vector<Field>& fields) const;
  Payment payment_of(const std::vector<Field>& fields) const;
  const std::string& name(const Field& field, std::string_view what) const;
  std::int64_t amount(const Field& field) const;
  const std::string& currency(const Field& field) const;
  void add(Payment payment, const std::vector<Field>& fields);
  void check_currency(const std::string& account, const Payment& payment, std::size_t column);

  struct FirstUse {
    std::string currency;
    std::size_t line;
  };

  std::filesystem::path file_;
  std::size_t line_ = 0;
  std::vector<Payment> payments_;
  std::unordered_map<std::string, std::size_t> line_of_id_;
  std::unordered_map<std::string, FirstUse> accounts_;
};

void Reader::refuse(std::size_t column, const std::string& what) const {
  throw CsvError(fmt::format("{}:{}:{}: {}", file_.string(), line_, column, what));
}

/// The field that starts at `at`, which afterwards is where its comma or the end is.
Field Reader::next_field(std::string_view text, std::size_t& at) const {
  Field field{.text = {}, .column = at + 1};
  if (at == text.size() || text[at] != '"') {
    const std::size_t end = std::min(text.find(',', at), text.size());
    field.text = text.substr(at, end - at);
    at = end;
    return field;
  }
  for (++at;; ++at) {
    if (at == text.size()) refuse(field.column, "this quote is not closed on its line");
    if (text[at] != '"') {
      field.text += text[at];
    } else if (at + 1 < text.size() && text[at + 1] == '"') {
      field.text += text[at++];
    } else {
      break;
    }
  }
  if (++at < text.size() && text[at] != ',') refuse(at + 1, "a comma must follow the quote");
  return field;
}

std::vector<Field> Reader::split(std::string_view text) const {
  std::vector<Field> fields;
  for (std::size_t at = 0;; ++at) {
    fields.push_back(next_field(text, at));
    if (at == text.size()) break;
  }
  if (fields.size() < kColumnCount) {
    refuse(text.size() + 1, fmt::format("the {} is missing", kColumns[fields.size()]));
  }
  if (fields.size() > kColumnCount) {
    refuse(fields[kColumnCount].column,
           fmt::format("there are {} fields, {} expected", fields.size(), kColumnCount));
  }
  return fields;
}

void Reader::check_header(const std::vector<Field>& fields) const {
  for (std::size_t i = 0; i < kColumnCount; ++i) {
    if (fields[i].text != kColumns[i]) {
      refuse(fields[i].column, fmt::format("the first line must name the columns: '{}' expected "
                                           "here, '{}' found",
                                           kColumns[i], fields[i].text));
    }
  }
}

const std::string& Reader::name(const Field& field, std::string_view what) const {
  if (field.text.empty()) refuse(field.column, fmt::format("the {} is empty", what));
  if (field.text.size() > kNameMax) {
    refuse(field.column, fmt::format("the {} has more than {} bytes", what, kNameMax));
  }
  for (const char c : field.text) {
    if (static_cast<unsigned char>(c) < 0x20) {
      refuse(field.column, fmt::format("the {} contains a control character", what));
    }
  }
  return field.text;
}

std::int64_t Reader::amount(const Field& field) const {
  std::int64_t value = 0;
  const char* const end = field.text.data() + field.text.size();
  const auto [rest, error] = std::from_chars(field.text.data(), end, value);
  if (error == std::errc::invalid_argument || rest != end) {
    refuse(field.column,
           fmt::format("the amount '{}' is not a whole number of minor units", field.text));
  }
  if (error != std::errc{} || value < 1 || value > kAmountMax) {
    refuse(field.column,
           fmt::format("the amount {} is not between 1 and {}", field.text, kAmountMax));
  }
  return value;
}

const std::string& Reader::currency(const Field& field) const {
  const auto is_capital = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (field.text.size() != 3 || !std::all_of(field.text.begin(), field.text.end(), is_capital)) {
    refuse(field.column, fmt::format("the currency '{}' is not three capital letters", field.text));
  }
  return field.text;
}

Payment Reader::payment_of(const std::vector<Field>& fields) const {
  Payment payment{.id = name(fields[0], kColumns[0]),
                  .debtor = name(fields[1], kColumns[1]),
                  .creditor = name(fields[2], kColumns[2]),
                  .amount = amount(fields[3]),
                  .currency = currency(fields[4])};
  if (payment.debtor == payment.creditor) {
    refuse(fields[2].column, fmt::format("'{}' pays itself", payment.debtor));
  }
  return payment;
}

void Reader::check_currency(const std::string& account, const Payment& payment,
                            std::size_t column) {
  const auto [place, is_new] = accounts_.try_emplace(account, payment.currency, line_);
  const auto& [currency, line] = place->second;
  if (!is_new && currency != payment.currency) {
    refuse(column, fmt::format("'{}' holds {} since line {}, not {}", account, currency, line,
                               payment.currency));
  }
}

void Reader::add(Payment payment, const std::vector<Field>& fields) {
  const auto [place, is_new] = line_of_id_.try_emplace(payment.id, line_);
  if (!is_new) {
    refuse(fields[0].column,
           fmt::format("the id '{}' is on line {} already", payment.id, place->second));
  }
  check_currency(payment.debtor, payment, fields[4].column);
  check_currency(payment.creditor, payment, fields[4].column);
  if (payments_.size() == kPaymentsMax) {
    refuse(1, fmt::format("there are more than {} payments", kPaymentsMax));
  }
  payments_.push_back(std::move(payment));
}

std::vector<Payment> Reader::read() {
  std::ifstream stream(file_, std::ios::binary);
  if (!stream) throw CsvError(fmt::format("{}: cannot be opened", file_.string()));
  std::string text;
  while (std::getline(stream, text)) {
    ++line_;
    if (line_ == 1 && text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
    if (text.ends_with('\r')) text.pop_back();
    if (text.empty() && stream.peek() == EOF) break;
    const auto fields = split(text);
    if (line_ == 1) {
      check_header(fields);
    } else {
      add(payment_of(fields), fields);
    }
  }
  if (stream.bad()) throw CsvError(fmt::format("{}: cannot be read", file_.string()));
  if (payments_.empty()) {
    throw CsvError(fmt::format("{}:{}:1: there is no payment", file_.string(), line_ + 1));
  }
  return std::move(payments_);
}

}  // namespace

std::vector<Payment> read_payments(const std::filesystem::path& file) {
  return Reader(file).read();
}

}  // namespace payments
