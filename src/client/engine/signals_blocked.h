// For starting threads inside somebody else's program: they must not take the
// signals that its own threads are waiting for.
#pragma once

#include <pthread.h>
#include <signal.h>

namespace turnstile::client {

/// Blocks all signals while it lives; a thread that is started meanwhile inherits that.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

}  // namespace turnstile::client
