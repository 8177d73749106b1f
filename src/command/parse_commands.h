// One function a command: from its arguments to what it asks for.
//
// The number of arguments was checked before, so the positional ones are there;
// REQUEST, ASYNC and SESSION and whatever is left over are parse()'s. A refusal
// is told to the Arguments, and what is returned then is worthless.
#pragma once

#include "command/request.h"

namespace command {

class Arguments;

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

}  // namespace command
