// See step_process.h.
#include "step_process.h"

#include <poll.h>
#include <unistd.h>

#include <sstream>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace payments {
namespace {

Process start(const StepPlan& plan, int number, const std::vector<std::string>& tasks,
              Descriptor& orders, Descriptor& answers) {
  Pipe in = make_pipe();
  Pipe out = make_pipe();
  std::vector<std::string> argv = {plan.program,
                                   "--database",
                                   plan.database,
                                   "--server",
                                   plan.server,
                                   "--number",
                                   std::to_string(number),
                                   "--ttl",
                                   std::to_string(plan.ttl_ms)};
  for (const std::string& task : tasks) argv.insert(argv.end(), {"--task", task});
  orders = std::move(in.write);
  answers = std::move(out.read);
  return Process(argv, {.in = in.read.get(), .out = out.write.get()});
}

}  // namespace

StepProcess::StepProcess(const StepPlan& plan, int number, const std::vector<std::string>& tasks)
    : number_(number), process_(start(plan, number, tasks, orders_, answers_)) {}

void StepProcess::say(std::string_view line) {
  const std::string whole = std::string(line) + '\n';
  if (write(orders_.get(), whole.data(), whole.size()) < 0 && errno != EPIPE) {
    throw std::system_error(errno, std::generic_category(), "writing to a worker");
  }
}

std::optional<Standing> StepProcess::hear() {
  pollfd answers{.fd = answers_.get(), .events = POLLIN, .revents = 0};
  if (poll(&answers, 1, 0) <= 0) return std::nullopt;
  char bytes[512];
  const ssize_t size = read(answers_.get(), bytes, sizeof bytes);
  if (size > 0) unread_.append(bytes, static_cast<std::size_t>(size));
  const std::size_t end = unread_.find('\n');
  if (end == std::string::npos) return std::nullopt;
  std::istringstream words(unread_.substr(0, end));
  unread_.erase(0, end + 1);
  std::string first;
  Standing standing;
  if (!(words >> first >> standing.step >> standing.payment >> standing.token)) {
    throw std::runtime_error("no answer of a worker: " + words.str());
  }
  return standing;
}

}  // namespace payments
