// Tasks and signals against a real server, with nothing but their headers.
#pragma once

#include <turnstile/turnstile.h>

/// Goes through all of them; `one` and `other` are two sessions.
void go_through_flows(turnstile::Client& one, turnstile::Client& other);
