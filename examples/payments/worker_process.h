// One worker process as the driver sees it: what it was told to do and has not
// reported yet, and the pipes in both directions.
#pragma once

#include <deque>
#include <filesystem>
#include <string>
#include <vector>

#include "process.h"
#include "protocol.h"

namespace payments {

/// How workers are started.
struct WorkerPlan {
  std::filesystem::path program;
  std::filesystem::path database;
  std::string server;  ///< empty: without locks
  int ttl_ms = 0;
  int work_us = 0;
};

class WorkerProcess {
 public:
  WorkerProcess(const WorkerPlan& plan, int number);

  int number() const { return number_; }
  Process& process() { return process_; }

  /// Readable when there are reports, or when it has ended.
  int reports_fd() const { return reports_.get(); }

  /// What was sent to it and not yet reported done, in this order.
  const std::deque<int>& in_hand() const { return in_hand_; }

  /// False once it has ended, or was told to.
  bool takes_orders() const { return orders_.get() >= 0; }

  void send(const Order& order);

  /// Reads what has come: whole lines, as reports. Throws std::runtime_error for a line
  /// that is none. Sets has_ended() at the end of the stream.
  std::vector<Report> read_reports();
  bool has_ended() const { return has_ended_; }

  /// What it has in hand is given up: others will be told to do it.
  std::deque<int> give_up();

  /// No more orders: it ends when it has done what it was told.
  void finish() { orders_.close(); }

 private:
  void strike_off(int payment);

  int number_;
  Descriptor orders_;
  Descriptor reports_;
  Process process_;
  std::deque<int> in_hand_;
  std::string unread_;
  bool has_ended_ = false;
};

}  // namespace payments
