// One function a command: from its arguments to what it asks for.
//
// The number of arguments was checked before, so the positional ones are there;
// REQUEST, ASYNC and SESSION and whatever is left over are parse()'s. A refusal
// is told to the Arguments, and what is returned then is worthless.
#pragma once

#include <utility>

#include "command/request.h"

namespace command {

class Arguments;

/// The call of a command that is for the state machine. It is moved once.
template <class C>
Call for_machine(C&& command) {
  return Call(std::in_place_type<Command>, std::forward<C>(command));
}

Call parse_session_open(Arguments& args);
Call parse_session_attach(Arguments& args);
Call parse_session_keep_alive(Arguments& args);
Call parse_session_close(Arguments& args);
Call parse_session_info(Arguments& args);
Call parse_session_list(Arguments& args);

Call parse_lock_acquire(Arguments& args);
Call parse_lock_release(Arguments& args);
Call parse_lock_renew(Arguments& args);
Call parse_lock_check(Arguments& args);
Call parse_lock_info(Arguments& args);
Call parse_lock_list(Arguments& args);
Call parse_lock_upgrade(Arguments& args);
Call parse_lock_downgrade(Arguments& args);
Call parse_lock_resolve(Arguments& args);
Call parse_lock_revoke(Arguments& args);
Call parse_cancel(Arguments& args);

Call parse_sem_acquire(Arguments& args);
Call parse_sem_release(Arguments& args);
Call parse_sem_renew(Arguments& args);
Call parse_sem_info(Arguments& args);
Call parse_sem_resize(Arguments& args);

Call parse_election_campaign(Arguments& args);
Call parse_election_proclaim(Arguments& args);
Call parse_election_resign(Arguments& args);
Call parse_election_leader(Arguments& args);
Call parse_election_observe(Arguments& args);

Call parse_task_add(Arguments& args);
Call parse_task_join(Arguments& args);
Call parse_task_take(Arguments& args);
Call parse_task_complete(Arguments& args);
Call parse_task_fail(Arguments& args);
Call parse_task_release(Arguments& args);
Call parse_task_extend(Arguments& args);
Call parse_task_result(Arguments& args);
Call parse_task_cancel(Arguments& args);
Call parse_task_redrive(Arguments& args);
Call parse_task_why(Arguments& args);

Call parse_flow_info(Arguments& args);
Call parse_flow_list(Arguments& args);
Call parse_flow_cancel(Arguments& args);
Call parse_flow_close(Arguments& args);

Call parse_event_set(Arguments& args);
Call parse_event_reset(Arguments& args);
Call parse_event_wait(Arguments& args);
Call parse_event_info(Arguments& args);
Call parse_barrier_arrive(Arguments& args);
Call parse_barrier_info(Arguments& args);
Call parse_latch_set(Arguments& args);
Call parse_latch_countdown(Arguments& args);
Call parse_latch_wait(Arguments& args);
Call parse_latch_info(Arguments& args);

Call parse_hello(Arguments& args);
Call parse_ping(Arguments& args);
Call parse_quit(Arguments& args);
Call parse_client_id(Arguments& args);
Call parse_client_set_name(Arguments& args);
Call parse_client_get_name(Arguments& args);
Call parse_client_set_info(Arguments& args);
Call parse_client_index(Arguments& args);

Call parse_server_info(Arguments& args);
Call parse_command(Arguments& args);
Call parse_command_list(Arguments& args);
Call parse_command_count(Arguments& args);
Call parse_command_docs(Arguments& args);
Call parse_command_info(Arguments& args);

// --- cluster
Call parse_cluster_slots(Arguments& args);
Call parse_cluster_shards(Arguments& args);
Call parse_cluster_myid(Arguments& args);
Call parse_cluster_info(Arguments& args);
Call parse_cluster_epoch(Arguments& args);

}  // namespace command
