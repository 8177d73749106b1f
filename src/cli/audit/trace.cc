// `turnstile trace`: the signals of a lock or of a flow's tasks over time, drawn.
//
//   R(t)  it was asked for       L(t)  it was held           S(t)  it was released
//   E(t)  a task's predecessors had ended, so it was ready   T(t)  it ran
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/audit/chart.h"
#include "cli/audit/ledger.h"
#include "cli/audit/selection.h"
#include "cli/exit_status.h"
#include "cli/journal_commands.h"
#include "cli/json.h"
#include "cli/progress.h"
#include "cli/state_check.h"
#include "cli/subcommands.h"
#include "cli/terminal.h"
#include "cli/text.h"
#include "cli/time_text.h"
#include "journal/inspect.h"

namespace cli {
namespace {

struct TraceOptions {
  std::string name;
  std::string directory;
  std::uint64_t from = 0;
  std::uint64_t to = std::numeric_limits<std::uint64_t>::max();
  bool as_json = false;
};

/// The signals of one task.
struct TaskSignals {
  std::string name;
  std::vector<Moment> ready = {};  ///< E(t)
  std::vector<Hold> runs = {};     ///< T(t)
  std::string state = {};
};

/// What a history tells of one name, as a lock's and as a flow's.
struct Signals {
  std::vector<Moment> requests;  ///< R(t)
  std::vector<Hold> holds;       ///< L(t), and with their ends S(t)
  std::vector<TaskSignals> tasks;
  std::vector<Breach> breaches;
  std::optional<Moment> last;  ///< of the history

  bool empty() const { return holds.empty() && requests.empty() && tasks.empty(); }
};

bool is_release(const Hold& hold) { return hold.end && hold.end->cause == "released"; }

class Trace final : public journal::Consumer {
 public:
  explicit Trace(const TraceOptions& options)
      : options_(options),
        progress_("traced"),
        replay_([this](std::uint64_t entries) { progress_.update(entries); }),
        ledger_(replay_.machine(),
                {.hold = [this](const Hold& hold) { see(hold); },
                 .refusal = [this](const Refusal& refusal) { see(refusal); },
                 .breach = [this](const Breach& breach) { signals_.breaches.push_back(breach); },
                 .task = [this](const state::Task& task, const Moment& at) { see(task, at); }}) {
    key_.key = options.name;
    flow_.flow = options.name;
    replay_.watch(&ledger_);
  }

  base::Result<void> restore(const journal::Snapshot& snapshot) override {
    if (auto restored = replay_.restore(snapshot); !restored) return restored;
    ledger_.restored();
    return {};
  }
  base::Result<void> replay(const journal::Record& record) override {
    if (auto replayed = replay_.replay(record); !replayed) return replayed;
    signals_.last = Moment{record.index, record.cluster_time, record.wall_time};
    return {};
  }
  base::Result<void> batch_end(std::uint64_t last_index, base::Time mark,
                               std::uint64_t digest) override {
    return replay_.batch_end(last_index, mark, digest);
  }

  Signals finish() {
    ledger_.close();
    std::ranges::sort(signals_.holds, {}, &Hold::token);
    return std::move(signals_);
  }

 private:
  bool is_meant(std::uint64_t index) const {
    return index >= options_.from && index <= options_.to;
  }
  TaskSignals& signals_of(std::string_view task) {
    const auto it = std::ranges::find(signals_.tasks, task, &TaskSignals::name);
    if (it != signals_.tasks.end()) return *it;
    return signals_.tasks.emplace_back(TaskSignals{.name = std::string(task)});
  }
  void see(const Hold& hold) {
    if (!is_meant(hold.token)) return;
    if (flow_.takes(hold)) {
      const auto task = state::split_task_key(hold.keys.front().key).second;
      signals_of(task).runs.push_back(hold);
    }
    if (!key_.takes(hold)) return;
    if (hold.waited && hold.before == 0) {
      const base::Duration waited = *hold.waited;
      signals_.requests.push_back(
          {hold.granted.index, hold.granted.at - waited, hold.granted.wall - waited});
    }
    signals_.holds.push_back(hold);
  }
  void see(const Refusal& refusal) {
    if (is_meant(refusal.asked.index) && key_.takes(refusal)) {
      signals_.requests.push_back(refusal.asked);
    }
  }
  void see(const state::Task& task, const Moment& at) {
    if (task.flow->name != options_.name || !is_meant(at.index)) return;
    TaskSignals& signals = signals_of(task.name);
    signals.state = state::state_name(task.state);
    if (task.state == state::TaskState::Ready) signals.ready.push_back(at);
  }

  const TraceOptions& options_;
  Selection key_;
  Selection flow_;
  Progress progress_;
  StateCheck replay_;
  Ledger ledger_;
  Signals signals_;
};

// --- for people

/// From the first to the last moment that is drawn.
struct Span {
  std::optional<Moment> begin;
  std::optional<Moment> end;

  void add(const Moment& moment) {
    if (!begin || moment.at < begin->at) begin = moment;
    if (!end || moment.at > end->at) end = moment;
  }
  void add(const Hold& hold, const Moment& last) {
    add(hold.granted);
    add(hold.end ? hold.end->moment : last);
  }
};

Span span_of(const Signals& signals) {
  Span span;
  for (const Moment& request : signals.requests) span.add(request);
  for (const Hold& hold : signals.holds) span.add(hold, *signals.last);
  for (const TaskSignals& task : signals.tasks) {
    for (const Moment& ready : task.ready) span.add(ready);
    for (const Hold& run : task.runs) span.add(run, *signals.last);
  }
  return span;
}

class Drawing {
 public:
  Drawing(const Signals& signals, const Span& span, std::size_t label, std::size_t columns)
      : signals_(signals), chart_(span.begin->at, span.end->at, columns), label_(label) {}

  std::string heading(const Span& span) const {
    const std::string from = exact_moment_text(span.begin->wall);
    const std::string to = exact_moment_text(span.end->wall);
    const std::size_t both = from.size() + to.size();
    const std::size_t gap = chart_.columns() > both ? chart_.columns() - both : 1;
    return std::string(label_, ' ') + from + std::string(gap, ' ') + to + '\n';
  }

  std::string lock() const {
    auto requested = chart_.line();
    auto held = chart_.line();
    auto released = chart_.line();
    for (const Moment& request : signals_.requests) chart_.mark(requested, request.at, "|");
    for (const Hold& hold : signals_.holds) {
      bar(held, hold);
      if (hold.end) chart_.mark(released, hold.end->moment.at, is_release(hold) ? "|" : "x");
    }
    return row("R(t)", requested) + row("L(t)", held) + row("S(t)", released);
  }

  std::string task(const TaskSignals& task) const {
    auto ready = chart_.line();
    auto ran = chart_.line();
    for (const Moment& moment : task.ready) chart_.mark(ready, moment.at, "|");
    for (const Hold& run : task.runs) bar(ran, run);
    const std::string name = shortened(printable(task.name), label_ - kSignalWidth);
    return row("E(t)", ready, name) + row("T(t)", ran, task.state);
  }

  static constexpr std::size_t kSignalWidth = 6;

  std::string scale() const {
    return fmt::format("{}one column is {}\n", std::string(label_, ' '),
                       chart_.step().ms() > 0 ? duration_text(chart_.step().ms())
                                              : fmt::format("{}us", chart_.step().us()));
  }

 private:
  void bar(std::vector<std::string_view>& line, const Hold& hold) const {
    chart_.bar(line, hold.granted.at, hold.end ? hold.end->moment.at : signals_.last->at, "█");
  }
  std::string row(std::string_view signal, const std::vector<std::string_view>& line,
                  const std::string& name = "") const {
    const std::size_t blanks =
        label_ - kSignalWidth - std::min(columns_of(name), label_ - kSignalWidth);
    return fmt::format("{}{}{}  {}\n", name, std::string(blanks, ' '), signal, Chart::text(line));
  }

  const Signals& signals_;
  Chart chart_;
  std::size_t label_;
};

std::string text_of(const Signals& signals, const std::string& name, std::size_t width) {
  std::size_t label = Drawing::kSignalWidth;
  for (const TaskSignals& task : signals.tasks) {
    label = std::max(label, std::max(columns_of(printable(task.name)), task.state.size()) + 2 +
                                Drawing::kSignalWidth);
  }
  constexpr std::size_t kLabelMax = 32;
  label = std::min(label, kLabelMax);
  const Span span = span_of(signals);
  const Drawing drawing(signals, span, label, width > label + 10 ? width - label : 10);
  std::string text = in_quotes(name) + '\n' + drawing.heading(span);
  if (!signals.holds.empty() || !signals.requests.empty()) text += drawing.lock();
  for (const TaskSignals& task : signals.tasks) text += drawing.task(task);
  text += drawing.scale();
  for (const Breach& breach : signals.breaches) {
    text +=
        fmt::format("{}  index {}: {}\n", breach.promise, breach.index, printable(breach.sentence));
  }
  if (signals.breaches.empty()) {
    text += "checked: S(t) only where L(t) was 1, T(t) only after E(t), for all names\n";
  }
  return text;
}

// --- for programs

Json interval(const Hold& hold) {
  return {{"token", hold.token},
          {"from_us", hold.granted.at.us()},
          {"to_us", hold.end ? Json(hold.end->moment.at.us()) : Json()},
          {"cause", hold.end ? Json(hold.end->cause) : Json()}};
}

Json json_of(const Signals& signals, const std::string& name) {
  Json json = {{"name", name}, {"R", Json::array()}, {"L", Json::array()}, {"S", Json::array()}};
  for (const Moment& request : signals.requests) json["R"].push_back(request.at.us());
  for (const Hold& hold : signals.holds) {
    json["L"].push_back(interval(hold));
    if (is_release(hold)) json["S"].push_back(hold.end->moment.at.us());
  }
  json["tasks"] = Json::array();
  for (const TaskSignals& task : signals.tasks) {
    Json one = {
        {"task", task.name}, {"state", task.state}, {"E", Json::array()}, {"T", Json::array()}};
    for (const Moment& ready : task.ready) one["E"].push_back(ready.at.us());
    for (const Hold& run : task.runs) one["T"].push_back(interval(run));
    json["tasks"].push_back(std::move(one));
  }
  json["breaches"] = Json::array();
  for (const Breach& breach : signals.breaches) {
    json["breaches"].push_back(
        {{"promise", breach.promise}, {"index", breach.index}, {"sentence", breach.sentence}});
  }
  return json;
}

int run_trace(const TraceOptions& options) {
  auto disk = open_data(options.directory);
  if (!disk) return complain(disk.error());
  if (auto locked = lock_or_warn(**disk); !locked) return complain(locked.error());
  Trace trace(options);
  const auto replayed = journal::replay_history(**disk, trace);
  if (!replayed) return complain(replayed.error());
  const Signals signals = trace.finish();
  if (signals.empty()) {
    return complain(
        fmt::format("the history knows no lock and no flow {}", in_quotes(options.name)),
        ExitStatus::Usage);
  }
  constexpr std::size_t kWidthOfAFile = 100;
  const std::size_t width = standard_output().width;
  if (options.as_json) {
    fmt::print("{}\n", to_line(json_of(signals, options.name)));
  } else {
    fmt::print("{}", text_of(signals, options.name, width == 0 ? kWidthOfAFile : width));
  }
  return number_of(signals.breaches.empty() ? ExitStatus::Success : ExitStatus::Corrupt);
}

}  // namespace

void add_trace(Program& program) {
  const auto options = std::make_shared<TraceOptions>();
  CLI::App& app = program.add(
      {.name = "trace",
       .summary = "Draws when a lock was asked for, held and released, or when the tasks\n"
                  "of a flow were ready and ran.",
       .usage = "KEY|FLOW --data DIR [--from N] [--to N] [--json]",
       .examples = "turnstile trace acct/1 --data /var/lib/turnstile\n"
                   "turnstile trace payment/8731 --data /var/lib/turnstile --json",
       .remarks = "R(t): asked for. L(t): held. S(t): released (|), or ended otherwise (x).\n"
                  "E(t): all predecessors have ended as the task requires. T(t): it runs."},
      [options] { return run_trace(*options); });
  app.add_option("NAME", options->name, "A lock, semaphore, election or flow")->required();
  app.add_option("--data", options->directory, "The data directory of a server")->required();
  app.add_option("--from", options->from, "The first index")->type_name("N");
  app.add_option("--to", options->to, "The last index")->type_name("N");
  add_json_option(app, options->as_json);
}

}  // namespace cli
