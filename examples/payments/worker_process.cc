// See worker_process.h.
#include "worker_process.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace payments {
namespace {

Process start(const WorkerPlan& plan, int number, Descriptor& orders, Descriptor& reports) {
  Pipe in = make_pipe();
  Pipe out = make_pipe();
  std::vector<std::string> argv = {plan.program,
                                   "--database",
                                   plan.database,
                                   "--number",
                                   std::to_string(number),
                                   "--work",
                                   std::to_string(plan.work_us)};
  if (!plan.server.empty()) {
    argv.insert(argv.end(), {"--server", plan.server, "--ttl", std::to_string(plan.ttl_ms)});
  }
  orders = std::move(in.write);
  reports = std::move(out.read);
  return Process(argv, {.in = in.read.get(), .out = out.write.get()});
}

}  // namespace

WorkerProcess::WorkerProcess(const WorkerPlan& plan, int number)
    : number_(number), process_(start(plan, number, orders_, reports_)) {}

void WorkerProcess::send(const Order& order) {
  if (order.kind != Order::Kind::Go) in_hand_.push_back(order.number);
  const std::string line = to_line(order);
  // A line is far smaller than a pipe holds, so it goes at once and whole. A worker
  // that has just died does not read it; the end of its reports will tell.
  if (write(orders_.get(), line.data(), line.size()) < 0 && errno != EPIPE) {
    throw std::system_error(errno, std::generic_category(), "writing to a worker");
  }
}

std::vector<Report> WorkerProcess::read_reports() {
  char bytes[4096];
  const ssize_t size = read(reports_.get(), bytes, sizeof bytes);
  if (size < 0 && errno == EINTR) return {};
  if (size <= 0) {
    has_ended_ = true;
    orders_.close();
    return {};
  }
  unread_.append(bytes, static_cast<std::size_t>(size));
  std::vector<Report> reports;
  for (std::size_t end; (end = unread_.find('\n')) != std::string::npos;
       unread_.erase(0, end + 1)) {
    const auto report = parse_report(std::string_view(unread_).substr(0, end));
    if (!report) throw std::runtime_error("no report: " + unread_.substr(0, end));
    if (report->kind == Report::Kind::Done) strike_off(report->number);
    reports.push_back(*report);
  }
  return reports;
}

void WorkerProcess::strike_off(int payment) {
  const auto place = std::find(in_hand_.begin(), in_hand_.end(), payment);
  if (place != in_hand_.end()) in_hand_.erase(place);
}

std::deque<int> WorkerProcess::give_up() { return std::exchange(in_hand_, {}); }

}  // namespace payments
