// Each primitive of the library against a real server, with nothing but its headers.
#pragma once

#include <turnstile/turnstile.h>

/// Ends the program with a word about it if the condition does not hold.
void require(bool condition, const char* what);

/// Goes through all of them; `one` and `other` are two sessions.
void go_through_primitives(turnstile::Client& one, turnstile::Client& other);
