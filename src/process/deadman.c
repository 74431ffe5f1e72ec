/* SPDX-License-Identifier: MIT */
#include "process/deadman.h"

#include "base/log.h"
#include "base/passing.h"
#include "base/time.h"

#include <signal.h>
#include <stdbool.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#define TURN_USEC (60 * USEC_PER_SEC)

/* Longer than any pause of the loop, which is the watchdog's time where systemd has one for this unit. */
uint64_t deadman_turn_usec(void) {
        uint64_t usec = 0;

        return sd_watchdog_enabled(/* unset_environment= */ 0, &usec) > 0 ? usec : TURN_USEC;
}

/* Not alarm(2): SIGALRM waits until a stopped process goes on, SIGKILL does not. */
void deadman_arm(void) {
        static timer_t timer;
        static bool made;
        struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL};
        uint64_t usec = deadman_turn_usec() * 5 / 2;
        struct itimerspec when = {
                .it_value.tv_sec = (time_t)(usec / USEC_PER_SEC),
                .it_value.tv_nsec = (long)(usec % USEC_PER_SEC) * 1000,
        };

        if (!made && timer_create(CLOCK_MONOTONIC, &event, &timer) < 0)
                return;
        made = true;
        (void)timer_settime(timer, 0, &when, NULL);
}

int loop_status(int r) {
        int status = r < 0 ? errno_status(r) : r;

        if (r < 0)
                log_error("The event loop failed: %s", strerror(-r));
        return r < 0 && status == 0 ? EXIT_SOFTWARE : status;
}
