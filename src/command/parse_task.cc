// The commands on tasks and flows.
#include <fmt/format.h>

#include <algorithm>

#include "command/parse.h"
#include "command/parse_arguments.h"
#include "command/parse_commands.h"
#include "command/parse_terms.h"

namespace command {
namespace {

/// What BACKOFF goes up to unless MAX is said.
constexpr Duration kBackoffMax = Duration::from_ms(30'000);

/// `n task...`, each of them once.
std::vector<std::string> parse_tasks(Arguments& args, std::string_view what, std::int64_t min,
                                     std::int64_t max, std::string_view limit_name) {
  const std::int64_t count = args.number(what, min, kNumberMax);
  if (count > max) {
    args.refuse(Code::Limit,
                fmt::format("{} names {} tasks; the limit {} is {}", what, count, limit_name, max));
  }
  std::vector<std::string> tasks;
  for (std::int64_t i = 0; i < count && !args.is_refused(); ++i) {
    const std::string_view task = args.name("task");
    if (std::ranges::find(tasks, task) == tasks.end()) tasks.emplace_back(task);
  }
  return tasks;
}

Backoff parse_backoff(Arguments& args) {
  const std::int64_t max = args.limits().backoff_max_ms;
  Backoff backoff;
  backoff.first = args.milliseconds("BACKOFF", 0, max);
  backoff.max = std::max(backoff.first, std::min(kBackoffMax, Duration::from_ms(max)));
  if (args.take(Option::Max)) backoff.max = args.milliseconds("BACKOFF ... MAX", 0, max);
  if (backoff.max < backoff.first) {
    args.refuse(Code::Malformed, "MAX is less than the BACKOFF before it");
  }
  return backoff;
}

/// False if the option is none of a declaration's.
bool read_declaration(Arguments& args, Option option, Declaration& declaration) {
  const Limits& limits = args.limits();
  switch (option) {
    case Option::After:
      declaration.after = parse_tasks(args, "AFTER", 0, limits.predecessors, "predecessors");
      return true;
    case Option::When:
      declaration.when = static_cast<When>(args.choice("WHEN", {"COMPLETED", "ENDED", "FAILED"}));
      return true;
    case Option::OnDead:
      declaration.on_dead = static_cast<OnDead>(args.choice("ONDEAD", {"HOLD", "SKIP"}));
      return true;
    case Option::Timeout:
      declaration.timeout = args.milliseconds("TIMEOUT", 1, limits.timeout_max_ms);
      return true;
    case Option::Attempts:
      declaration.attempts = args.number("ATTEMPTS", 1, limits.attempts_max);
      return true;
    case Option::Backoff: declaration.backoff = parse_backoff(args); return true;
    case Option::Delay:
      declaration.delay = args.milliseconds("DELAY", 0, limits.task_time_max_ms);
      return true;
    case Option::Deadline:
      declaration.deadline = args.milliseconds("DEADLINE", 1, limits.task_time_max_ms);
      return true;
    case Option::Input: declaration.input = args.payload("INPUT"); return true;
    default: return false;
  }
}

void read_declared_name(Arguments& args, Declaration& declaration) {
  declaration.flow = args.name("flow");
  declaration.task = args.name("task");
}

void check_declaration(Arguments& args, const Declaration& declaration) {
  if (declaration.after && std::ranges::count(*declaration.after, declaration.task) > 0) {
    args.refuse(Code::Conflict, "the task would come after itself");
  }
  const Duration deadline = declaration.deadline.value_or(kDeadlineUnlessSaid);
  if (declaration.delay && *declaration.delay >= deadline) {
    args.refuse(Code::Malformed,
                declaration.deadline
                    ? "DELAY is not shorter than DEADLINE: the task could never run"
                    : "a DELAY of 24 h or more needs a DEADLINE beyond it, which is 24 h unless "
                      "said: the task could never run");
  }
}

std::uint8_t parse_priority(Arguments& args) {
  const std::int64_t max = std::min<std::int64_t>(args.limits().priority_max, 255);
  return static_cast<std::uint8_t>(args.number("PRIORITY", 0, max));
}

/// `flow task token`, as an executor names its attempt.
template <class C>
C parse_own_task(Arguments& args) {
  C command;
  command.flow = args.name("flow");
  command.task = args.name("task");
  command.token = args.id("token");
  return command;
}

/// `flow task [REASON text]`, as an operator names a task.
template <class C>
C parse_task_and_reason(Arguments& args) {
  C command;
  command.flow = args.name("flow");
  command.task = args.name("task");
  while (const auto option = args.next_option()) {
    if (option == Option::Reason) command.reason = args.note("REASON");
  }
  return command;
}

}  // namespace

Call parse_task_add(Arguments& args) {
  TaskAdd add;
  read_declared_name(args, add);
  while (const auto option = args.next_option()) {
    if (read_declaration(args, *option, add)) continue;
    if (option == Option::Priority) add.priority = parse_priority(args);
  }
  check_declaration(args, add);
  return for_machine(std::move(add));
}

Call parse_task_join(Arguments& args) {
  TaskJoin join;
  read_declared_name(args, join);
  while (const auto option = args.next_option()) {
    if (read_declaration(args, *option, join) || read_term(args, *option, join)) continue;
    if (option == Option::Preempt) {
      join.preemption = args.milliseconds("PREEMPT", 0, args.limits().grace_max_ms);
    }
  }
  check_declaration(args, join);
  if (join.preemption && join.wait == Duration()) {
    args.refuse(Code::Malformed,
                "PREEMPT needs WAIT: the runner has its grace to leave in, and you wait for it");
  }
  return for_machine(std::move(join));
}

Call parse_task_take(Arguments& args) {
  TaskTake take;
  take.tasks = parse_tasks(args, "TASK.TAKE", 1, args.limits().tasks_per_take, "tasks_per_take");
  while (const auto option = args.next_option()) {
    if (read_term(args, *option, take)) continue;
    if (option == Option::Flows) take.flows = args.name_or_empty("FLOWS");
  }
  return for_machine(std::move(take));
}

Call parse_task_complete(Arguments& args) {
  auto complete = parse_own_task<TaskComplete>(args);
  complete.result = args.payload("the result");
  return for_machine(std::move(complete));
}

Call parse_task_fail(Arguments& args) {
  auto fail = parse_own_task<TaskFail>(args);
  fail.reason = args.reason("the reason");
  while (const auto option = args.next_option()) {
    if (option == Option::Retry) fail.retry = true;
  }
  return for_machine(std::move(fail));
}

/// The checkpoint may stand by itself where the command's own options end; one that could be taken
/// for an option comes after CHECKPOINT.
Call parse_task_release(Arguments& args) {
  auto release = parse_own_task<TaskRelease>(args);
  const auto read_options = [&] {
    while (const auto option = args.next_known_option()) {
      if (option == Option::Delay) {
        release.delay = args.milliseconds("DELAY", 0, args.limits().task_time_max_ms);
      }
      if (option != Option::Checkpoint) continue;
      if (release.checkpoint) args.refuse(Code::Malformed, "the checkpoint is given twice");
      release.checkpoint = args.payload("CHECKPOINT");
    }
  };
  read_options();
  if (!release.checkpoint && args.has_more()) {
    release.checkpoint = args.payload("the checkpoint");
    read_options();
  }
  return for_machine(std::move(release));
}

Call parse_task_extend(Arguments& args) {
  auto extend = parse_own_task<TaskExtend>(args);
  extend.lease = args.milliseconds("the time", 1, args.limits().timeout_max_ms);
  return for_machine(std::move(extend));
}

Call parse_task_result(Arguments& args) {
  TaskResult result;
  result.flow = args.name("flow");
  result.task = args.name("task");
  while (const auto option = args.next_option()) {
    if (option == Option::Wait) {
      result.wait = args.milliseconds("WAIT", 0, args.limits().wait_max_ms);
    }
    if (option == Option::Agent) result.agent = args.name("AGENT");
  }
  return for_machine(std::move(result));
}

Call parse_task_cancel(Arguments& args) { return Command{parse_task_and_reason<TaskCancel>(args)}; }

Call parse_task_redrive(Arguments& args) {
  return Command{parse_task_and_reason<TaskRedrive>(args)};
}

Call parse_task_why(Arguments& args) {
  TaskWhy why;
  why.flow = args.name("flow");
  why.task = args.name("task");
  return for_machine(std::move(why));
}

Call parse_flow_info(Arguments& args) {
  return for_machine(FlowInfo{std::string(args.name("flow"))});
}

Call parse_flow_list(Arguments& args) {
  const std::int64_t max = args.limits().list_count;
  FlowList list;
  list.count = std::min(kListCountDefault, max);
  while (const auto option = args.next_option()) {
    if (option == Option::Prefix) list.prefix = args.name_or_empty("PREFIX");
    if (option == Option::State) list.dead_only = args.choice("STATE", {"DEAD"}) == 0;
    if (option == Option::Count) list.count = args.number("COUNT", 1, max);
    if (option == Option::After) list.after = args.name_or_empty("AFTER");
  }
  return for_machine(std::move(list));
}

Call parse_flow_cancel(Arguments& args) {
  FlowCancel cancel;
  cancel.flow = args.name("flow");
  while (const auto option = args.next_option()) {
    if (option == Option::Reason) cancel.reason = args.note("REASON");
  }
  return for_machine(std::move(cancel));
}

Call parse_flow_close(Arguments& args) {
  return for_machine(FlowClose{std::string(args.name("flow"))});
}

}  // namespace command
