// Named places at which a test makes the process die, to see what a crash right
// there leaves behind.
//
//     FAULT_POINT("journal.before_seal");
//     FAULT_POINT_AFTER("journal.torn_append", file.write(offset, half));
//
// They exist only in a build with -DTURNSTILE_FAULT_POINTS=ON; in any other the
// macros are nothing. What the environment says decides, once, at the start:
//
//     TURNSTILE_FAULT=list       prints the names of all points and ends the program
//     TURNSTILE_FAULT=name       kills the process (SIGKILL) when it first passes the point
//     TURNSTILE_FAULT=name:n     ... when it passes it for the n-th time
//
// To add a point: put its name into the table and the macro into the code. A
// macro whose name is not in the table does not compile; a name that no crash
// reaches fails test/fault_point_test.py.
#pragma once

#ifdef TURNSTILE_FAULT_POINTS

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace base {

inline constexpr std::string_view kFaultPoints[] = {
    // every step of every file, whoever takes it
    "disk.after_create",
    "disk.before_write",
    "disk.after_write",
    "disk.before_sync",
    "disk.after_sync",
    "disk.before_rename",
    "disk.after_rename",
    "disk.before_remove",
    "disk.after_remove",
    "disk.before_directory_sync",
    "disk.after_directory_sync",
    // a batch
    "journal.before_append",
    "journal.torn_append",  // half of its sectors are on the disk
    "journal.after_append",
    // a rotation
    "journal.before_rotation",
    "journal.before_seal",  // the next segment exists, and the last one does not say so
    "journal.after_seal",
    "segment.before_zeros",
    "segment.between_zeros",
    "segment.after_zeros",
    "segment.after_header",
    "segment.after_name",  // the directory is not synced yet
    "segment.after_directory_sync",
    // a compaction
    "compaction.begin",
    "compaction.after_replay",
    "snapshot.before_header",
    "snapshot.after_header",
    "snapshot.after_payload",
    "snapshot.after_name",  // the directory is not synced yet
    "snapshot.after_directory_sync",
    "archive.before_snapshot_is_dropped",
    "archive.before_segment_is_dropped",
    "archive.after_removal",  // the directory is not synced yet
    "archive.between_segments",
    "compaction.end",
    // a start
    "recovery.after_lock",
    "recovery.after_listing",
    "recovery.after_sync",
    "recovery.after_headers",
    "recovery.before_creation",
    "recovery.after_creation",
    "replay.after_snapshot",
    "replay.between_batches",
    "recovery.after_replay",
    "recovery.before_cut",
    "recovery.after_cut",
    "recovery.before_seal",
    "recovery.after_seal",
    "recovery.after_leftover",
    "recovery.before_snapshot_is_set_aside",
    "recovery.after_snapshot_is_set_aside",
    "recovery.end",
    "server.before_first_entry",
    "server.before_listening",
    "server.ready",
    // a request
    "pipeline.before_apply",
    "pipeline.after_apply",
    "pipeline.after_tick",
    "pipeline.before_mark",
    "pipeline.before_append",
    "pipeline.after_append",
    "pipeline.before_let_out",
    "pipeline.after_let_out",
    "session.after_open",
    "connection.before_send",
    "connection.after_send",
    "connection.before_disconnect",
};

/// The place of `name` in the table.
consteval std::size_t fault_point_number(std::string_view name) {
  for (std::size_t i = 0; i < std::size(kFaultPoints); ++i) {
    if (kFaultPoints[i] == name) return i;
  }
  throw "this name is not in the table of fault points";
}

/// Whether this is the passage at which the process is to die. Safe for threads.
bool is_last_passage(std::size_t fault_point);

/// SIGKILL.
[[noreturn]] void die_at_fault_point();

}  // namespace base

#define FAULT_POINT_AFTER(name, last_deed)                           \
  do {                                                               \
    if (::base::is_last_passage(::base::fault_point_number(name))) { \
      static_cast<void>(last_deed);                                  \
      ::base::die_at_fault_point();                                  \
    }                                                                \
  } while (false)
#define FAULT_POINT(name) FAULT_POINT_AFTER(name, 0)

#else

#define FAULT_POINT(name) static_cast<void>(0)
#define FAULT_POINT_AFTER(name, last_deed) static_cast<void>(0)

#endif
