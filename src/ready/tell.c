/* SPDX-License-Identifier: MIT */
#include "ready/tell.h"

#include "base/log.h"
#include "base/time.h"
#include "ready/keep.h"

#include <systemd/sd-daemon.h>

/* A unit's reason is in the words of whoever told systemd; a second line would be a message of its own. */
static void tell_status(Teller *t, const char *text) {
        _cleanup_(freep) char *line = escape_line(text);

        if (t->status && streq(t->status, line))
                return;
        free_and_strdup(&t->status, line);
        (void)sd_notifyf(/* unset_environment= */ 0, "STATUS=%s", line);
}

void tell_waiting(Teller *t, const Unit *units, size_t n) {
        _cleanup_(strv_freep) char **awaited = NULL;
        _cleanup_(freep) char *list = NULL, *text = NULL;

        for (size_t i = 0; i < n; i++)
                if (keep_is_awaited(&units[i]))
                        strv_add(&awaited, units[i].member);
        list = strv_join(awaited, ", ");
        text = xasprintf("Waiting for %s", list);
        tell_status(t, text);
}

void tell_serves(Teller *t, char *release) {
        _cleanup_(freep) char *text = NULL;

        if (release) {
                free(t->release);
                t->release = release;
        }
        text = xasprintf("Lago serves %s%s", t->release, t->absent);
        tell_status(t, text);
        if (t->ready_said)
                return;
        t->ready_said = true;
        log_message(LOG_NOTICE, MESSAGE_STACK_SERVES, "Lago serves %s%s, %.1f s after its start.",
                    t->release, t->absent, (double)(now_usec() - t->begun_usec) / (double)USEC_PER_SEC);
        (void)sd_notify(/* unset_environment= */ 0, "READY=1");
}

/* Whether its run file is of this life of @unit, as far as both can be known. */
static bool is_of_this_life(sd_bus *bus, const Unit *unit) {
        _cleanup_(freep) char *written = unit_told(unit, "INVOCATION"), *now = NULL;

        now = written ? systemd_invocation(bus, unit->name) : NULL;
        return !now || streq(now, written);
}

/* A unit without a run file told systemd alone: lago-setup, or a supervisor that ended before it wrote one. */
static char *reason_of(sd_bus *bus, const Unit *unit) {
        char *reason = is_of_this_life(bus, unit) ? unit_told(unit, "STATUS") : NULL;

        if (!reason)
                reason = systemd_status_text(bus, unit->name);
        return reason ? reason : xstrdup("see its journal");
}

void tell_failed(Teller *t, sd_bus *bus, const Unit *unit) {
        _cleanup_(freep) char *reason = reason_of(bus, unit);
        _cleanup_(freep) char *text = xasprintf("%s failed: %s", unit->name, reason);

        tell_status(t, text);
        log_error(
                "%s. Look at \"systemctl status %s\"; when it is mended, \"systemctl start lago.target\".",
                text, unit->name);
}

void tell_unread(Teller *t, const ConfigError *error) {
        _cleanup_(freep) char *text = xasprintf("%s: %s", error->file, error->text);

        tell_status(t, text);
        log_warning("%s.", text);
}

void tell_refused(Teller *t) {
        tell_status(t, "Refused: configuration; see \"lagoctl check\"");
        log_error(
                "The configuration is refused: \"lagoctl check\" tells every error with its line.");
}
