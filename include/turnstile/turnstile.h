// The whole client library of Turnstile, the lock service for payments; but for
// turnstile/asio.h, which needs Boost.Asio and is asked for by itself.
#pragma once

#include "turnstile/attempt.h"
#include "turnstile/barrier.h"
#include "turnstile/client.h"
#include "turnstile/election.h"
#include "turnstile/error.h"
#include "turnstile/event.h"
#include "turnstile/fenced_guard.h"
#include "turnstile/flow.h"
#include "turnstile/grant.h"
#include "turnstile/latch.h"
#include "turnstile/mutex.h"
#include "turnstile/options.h"
#include "turnstile/reentrant_mutex.h"
#include "turnstile/reply.h"
#include "turnstile/saga.h"
#include "turnstile/semaphore.h"
#include "turnstile/task_options.h"
#include "turnstile/upgrade_mutex.h"
#include "turnstile/worker.h"
