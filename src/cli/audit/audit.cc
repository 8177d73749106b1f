// `turnstile audit`: who held what, when, and why it ended; and whether all of it
// was as promised.
#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "checker/model_judge.h"
#include "cli/audit/audit_text.h"
#include "cli/audit/ledger.h"
#include "cli/audit/selection.h"
#include "cli/exit_status.h"
#include "cli/journal_commands.h"
#include "cli/progress.h"
#include "cli/state_check.h"
#include "cli/subcommands.h"
#include "journal/inspect.h"

namespace cli {
namespace {

struct AuditOptions {
  std::string directory;
  Selection selection;
  std::uint64_t count = 1'000;
  bool is_quick = false;
  bool as_json = false;
};

/// A whole history, replayed under the eyes of a ledger and of a naive model.
class Audit final : public state::Watcher, public journal::Consumer {
 public:
  explicit Audit(const AuditOptions& options)
      : options_(options),
        progress_("audited"),
        replay_([this](std::uint64_t entries) { progress_.update(entries); }),
        ledger_(replay_.machine(), {.hold = [this](const Hold& hold) { see(hold); },
                                    .refusal = [this](const Refusal& refusal) { see(refusal); },
                                    .breach = [this](const Breach& breach) { see(breach); }}) {
    replay_.watch(this);
    if (options.is_quick) model_.leave("none was asked for");
  }

  // --- the history
  base::Result<void> restore(const journal::Snapshot& snapshot) override {
    if (auto restored = replay_.restore(snapshot); !restored) return restored;
    report_.from_snapshot = snapshot.index;
    ledger_.restored();
    if (!options_.is_quick) model_.leave("none, for the history does not begin with nothing");
    return {};
  }
  base::Result<void> replay(const journal::Record& record) override {
    const Moment moment{record.index, record.cluster_time, record.wall_time};
    if (auto replayed = replay_.replay(record); !replayed) return replayed;
    if (!report_.first) report_.first = moment;
    report_.last = moment;
    if (replay_.entries() % kStateEvery == 0) check_state();
    return {};
  }
  base::Result<void> batch_end(std::uint64_t last_index, base::Time mark,
                               std::uint64_t digest) override {
    return replay_.batch_end(last_index, mark, digest);
  }

  // --- each entry
  void before(const command::Entry& entry) override { ledger_.before(entry); }
  void after(const command::Entry& entry, const command::Outcome& outcome) override {
    ledger_.after(entry, outcome);
    model_.judge(entry, outcome, replay_.machine());
    see_finding(model_.take_finding());
  }
  void on_refusal(const state::Waiter& waiter, command::Code code,
                  const std::string& sentence) override {
    ledger_.on_refusal(waiter, code, sentence);
  }
  void on_grant(const state::Grant& grant, base::Time asked) override {
    ledger_.on_grant(grant, asked);
  }
  void on_conversion(std::uint64_t token_before, const state::Grant& grant) override {
    ledger_.on_conversion(token_before, grant);
  }
  void on_end(const state::Grant& grant, state::EndCause cause) override {
    ledger_.on_end(grant, cause);
  }
  void on_task(const state::Task& task) override { ledger_.on_task(task); }

  // --- the end
  const AuditReport& finish(std::string damage) {
    report_.damage = std::move(damage);
    report_.entries = replay_.entries();
    ledger_.close();
    check_state();
    if (report_.damage.empty()) see_finding(model_.finish(replay_.machine()));
    report_.model = model_.name();
    report_.judged_by_model = model_.judged();
    return report_;
  }
  /// By when they were granted, or asked for.
  const std::deque<AuditRow>& rows() {
    std::ranges::stable_sort(rows_, {}, [](const AuditRow& row) {
      const auto* hold = std::get_if<Hold>(&row);
      return hold != nullptr ? hold->granted.index : std::get<Refusal>(row).asked.index;
    });
    return rows_;
  }
  std::uint64_t left_out() const { return left_out_; }

 private:
  /// Looking at the whole state takes time in proportion to it.
  static constexpr std::uint64_t kStateEvery = 4'096;
  static constexpr std::size_t kBreachesShown = 100;

  void check_state() {
    ++report_.states_checked;
    const auto broken = replay_.machine().broken_invariant();
    if (broken) see(Breach{"state", replay_.machine().last_index(), *broken});
  }
  void see(const Hold& hold) {
    ++report_.ends[hold.end ? hold.end->cause : "held"];
    if (options_.selection.takes(hold)) print(hold);
  }
  void see(const Refusal& refusal) {
    ++report_.refusals[refusal.code];
    if (options_.selection.takes(refusal)) print(refusal);
  }
  void see(Breach breach) {
    if (++report_.breach_count <= kBreachesShown) report_.breaches.push_back(std::move(breach));
  }
  void see_finding(const std::optional<checker::ModelJudge::Finding>& finding) {
    if (finding) see(Breach{"model", finding->index, finding->sentence});
  }
  /// JSON at once; for people the newest are kept, for a table needs them all.
  void print(AuditRow row) {
    if (options_.as_json) {
      fmt::print("{}\n", audit_json(row));
      return;
    }
    if (rows_.size() == options_.count) {
      ++left_out_;
      if (rows_.empty()) return;
      rows_.pop_front();
    }
    rows_.push_back(std::move(row));
  }

  const AuditOptions& options_;
  Progress progress_;
  StateCheck replay_;
  Ledger ledger_;
  checker::ModelJudge model_{checker::ModelJudge::Threads::One};
  AuditReport report_;
  std::deque<AuditRow> rows_;
  std::uint64_t left_out_ = 0;
};

int run_audit(const AuditOptions& options) {
  auto disk = open_data(options.directory);
  if (!disk) return complain(disk.error());
  if (auto locked = lock_or_warn(**disk); !locked) return complain(locked.error());
  Audit audit(options);
  const auto replayed = journal::replay_history(**disk, audit);
  if (!replayed && replayed.error().fault != base::Fault::Corrupt) {
    return complain(replayed.error());
  }
  const AuditReport& report = audit.finish(replayed ? std::string() : replayed.error().message);
  if (options.as_json) {
    fmt::print("{}\n", audit_json(report));
  } else {
    fmt::print("{}{}", audit_table(audit.rows(), audit.left_out(), standard_output()),
               audit_text(report));
  }
  return number_of(report.is_good() ? ExitStatus::Success : ExitStatus::Corrupt);
}

}  // namespace

void add_audit(Program& program) {
  const auto options = std::make_shared<AuditOptions>();
  CLI::App& app = program.add(
      {.name = "audit",
       .summary = "Tells who held what, from when to when, and why it ended, and checks\n"
                  "the whole history against the promises. Changes nothing.",
       .usage = "DIR [OPTIONS]",
       .examples = "turnstile audit /var/lib/turnstile --key acct/1\n"
                   "turnstile audit /var/lib/turnstile --flow payment/8731\n"
                   "turnstile audit /var/lib/turnstile --cause preempted --json",
       .remarks = "The history goes back as far as segments are kept (keep_all_segments in "
                  "docs/operating.md).\n"
                  "Refused tries write nothing, and are not in it.\n"
                  "Status 65 if a promise is broken, or the journal is not what was written."},
      [options] { return run_audit(*options); });
  add_directory_argument(app, options->directory);
  Selection& selection = options->selection;
  app.add_option("--key", selection.key, "A lock, semaphore or election of this name");
  app.add_option("--prefix", selection.prefix, "Those whose names, or whose flows', begin so");
  app.add_option("--flow", selection.flow, "The attempts of a flow's tasks");
  app.add_option("--holder", selection.holder, "A session by its name or number, or a user");
  app.add_option("--token", selection.token, "The hold with this fencing token")->type_name("N");
  app.add_option("--cause", selection.cause,
                 "Why it ended: released, expired, preempted, revoked, completed, ... or held; of "
                 "waits the error: BUSY, DEADLOCK, ...");
  app.add_option("--count", options->count, "At most so many rows, the newest; 1000 unless given")
      ->type_name("N");
  app.add_flag("--quick", options->is_quick,
               "Without the second opinion of a naive model, whose time grows with the state");
  add_json_option(app, options->as_json);
}

}  // namespace cli
