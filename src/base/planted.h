// Bugs that other systems have had, planted here on purpose: what does the
// simulator say when one of them is ours?
//
//     if (!PLANTED(AnswerBeforeSync)) wait_for_the_journal();
//
// They exist only in turnstile-sim-planted, for which the sources that include
// this file are compiled once more with TURNSTILE_PLANTED; in every other program
// the macro is `false`, and the compiler drops what stands behind it.
//
// To plant another: give it a row in the table and one line in a .cc file, build,
// and run `turnstile-sim-planted --search`, which renews docs/planted_bugs.md. (A
// file that includes this one for the first time is found by the next `cmake`.)
#pragma once

#ifdef TURNSTILE_PLANTED

#include <array>
#include <cstdint>
#include <string_view>

/// Name, what it does, and a system that had it, where one is known by name.
// clang-format off
#define TURNSTILE_PLANTED_BUGS(X)                                                                  \
  /* the journal */                                                                                \
  X(AnswerBeforeSync, "an answer leaves before the journal is synced", "etcd #14370")              \
  X(SyncErrorIgnored, "a failed write or sync is passed over", "Redis #8111")                      \
  X(DirectoryNotSynced, "a new segment's name is not synced", "LevelDB, ZooKeeper (OSDI 2014)")    \
  X(SealNotSynced, "a restart takes what a killed process left in the page cache for synced", "")  \
  X(DamageCutOff, "a damaged batch is cut off like a torn one, and all behind it",                 \
    "LogCabin, ZooKeeper (FAST 2018)")                                                             \
  X(RecordSkippedAfterSnapshot, "recovery leaves out the first record behind a snapshot", "")      \
  X(SnapshotOlderThanSaid, "a snapshot holds one entry more than it says: it is applied twice",    \
    "etcd #13766")                                                                                 \
  X(ChecksumSkipped, "the checksums of records are not looked at when they are read", "")          \
  X(AnswersNotInSnapshot, "a snapshot forgets the answers that are kept for repeats", "")          \
  /* time */                                                                                       \
  X(WallClockExpires, "leases are counted by the wall clock", "LogCabin #90")                      \
  X(ExpiryRoundedDown, "a session's TTL is rounded down to seconds", "")                           \
  X(RestartRenewsAll, "each restart gives every session its whole TTL again", "etcd #9888")        \
  X(LeaseOverflows, "a long lease overflows 32 bits", "etcd #9374")                                \
  X(DeadSessionRenewed, "the renewal of a session that has ended is a success", "etcd #20615")     \
  X(LeaseFromAnswer, "a client counts its lease from the answer, not from its request", "")        \
  X(WaitOutlivesSession, "the waits of a session that expired stay, and are granted",              \
    "etcd #11456")                                                                                 \
  /* requests */                                                                                   \
  X(RequestTwice, "a repeated REQUEST takes effect twice", "etcd #14890")                          \
  X(ParserLosesPlace, "a request that arrives in pieces is read from the wrong place", "")         \
  X(OutputUnbounded, "the answers that a client does not read are kept without end",               \
    "Redis CVE-2025-21605")                                                                        \
  X(SecretNotCompared, "a session can be taken over without its secret", "etcd CVE-2026-33343")    \
  /* locks */                                                                                      \
  X(SharedWithExclusive, "a shared hold is given beside an exclusive one",                         \
    "Hazelcast 3.8.3 (Jepsen 2017)")                                                               \
  X(WriterPassesReaders, "an exclusive hold is given while readers are there", "Curator #1138")    \
  X(TokenReused, "tokens are numbered by what is held, and come again",                            \
    "Hazelcast 3.8.3 (Jepsen 2017)")                                                               \
  X(ReleasedByAnybody, "a release does not ask whose the hold is", "dub #4307")                    \
  X(PartlyGranted, "a wait for several keys is granted without its last one", "Redisson #4456")    \
  X(NewcomerBarges, "who comes later takes a key that another waits for", "Consul #7523")          \
  X(ReaderBarges, "a reader passes a writer that waits", "")                                       \
  X(ReadersTakeTurns, "of the readers that wait only the first is let in", "Redisson #1542")       \
  X(AgeNeverCounts, "who has low priority starves, however long he waits", "Airflow #45636")       \
  X(GrantsInAnyOrder, "what one entry grants is granted in the order of addresses", "")            \
  X(DeadWaiterBlocks, "a wait that was withdrawn stays in the queue", "Redisson #3730")            \
  X(WakeUpLost, "nobody is told that a hold has ended", "Redisson #5762")                          \
  X(UncleanIsFree, "a lock whose holder was lost is passed on in spite of ONLOSS",                 \
    "Truxify #14889")                                                                              \
  X(DeadlockMissed, "a wait that can never end is not noticed", "Redisson #4460")                  \
  X(OnePermitTooMany, "a semaphore gives one permit too many", "")                                 \
  X(SemaphoreWakesOne, "permits that come back wake one waiter only", "Redisson #3573")            \
  /* tasks and signals */                                                                          \
  X(ResultLost, "a predecessor's result is not handed on", "BullMQ #1778")                         \
  X(LateCompletionCounts, "a completion counts though another attempt has begun",                  \
    "beanstalkd #644")                                                                             \
  X(JoinTooEarly, "a task starts when the first of its predecessors has ended", "Conductor #18")   \
  X(SkipStops, "the end of a skipped task is not passed on to its successors", "BullMQ #3362")     \
  X(LateDependentForgotten, "a task declared after its predecessors ended never starts",           \
    "RQ #387")                                                                                     \
  X(LostWorkerForgotten, "the task of an executor that was lost is nobody's", "Sidekiq #4607")     \
  X(RequeuedAtTheEnd, "a task that is tried again loses its place", "RabbitMQ #10499")             \
  X(BarrierKeepsTheDead, "who died at a barrier counts as one who has arrived", "")                \
  X(EventSeenTwice, "a wait AFTER a generation is answered with that generation",                  \
    "etcd (watch resumed at a wrong revision)")                                                    \
  /* several nodes */                                                                              \
  X(StaleLeaderAppends, "an append does not ask whether its epoch is the newest",                  \
    "TiDB PD #8652 (two leaders)")                                                                 \
  X(SilenceIsSuccess, "an append that etcd did not answer counts as done", "")                     \
  X(ReadWithoutAsking, "a leader answers reads without asking whether it leads still",             \
    "etcd #741")                                                                                   \
  X(LeadsWithoutCatchingUp, "a new leader begins without what was appended last", "Kafka KIP-101") \
  X(DropsWhatIsNeeded, "batches are dropped that no snapshot holds", "")                           \
  X(OwnKeyForgotten, "a campaign that etcd hears late makes a leader who does not know of it", "")
// clang-format on

namespace base {

enum class PlantedBug : std::uint8_t {
  None,
#define TURNSTILE_PLANTED_BUG(name, what, whose) name,
  TURNSTILE_PLANTED_BUGS(TURNSTILE_PLANTED_BUG)
#undef TURNSTILE_PLANTED_BUG
};

struct PlantedBugRow {
  PlantedBug bug;
  std::string_view name;
  std::string_view what;
  std::string_view whose;
};

inline constexpr auto kPlantedBugs = std::to_array<PlantedBugRow>({
#define TURNSTILE_PLANTED_BUG(name, what, whose) {PlantedBug::name, #name, what, whose},
    TURNSTILE_PLANTED_BUGS(TURNSTILE_PLANTED_BUG)
#undef TURNSTILE_PLANTED_BUG
});

/// The one that this process has. Set before anything runs.
inline PlantedBug planted_bug = PlantedBug::None;

}  // namespace base

#define PLANTED(name) (::base::planted_bug == ::base::PlantedBug::name)

#else

#define PLANTED(name) false

#endif
