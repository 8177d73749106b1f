// The whole client library of Turnstile, the lock service for payments.
#pragma once

#include "turnstile/client.h"
#include "turnstile/error.h"
#include "turnstile/grant.h"
#include "turnstile/mutex.h"
#include "turnstile/options.h"
#include "turnstile/reply.h"
