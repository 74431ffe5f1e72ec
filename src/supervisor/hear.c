/* SPDX-License-Identifier: MIT */
#include "supervisor/hear.h"

#include "base/time.h"
#include "relay/watch.h"
#include "supervisor/probing.h"
#include "supervisor/serve.h"
#include "supervisor/supervisor.h"

/*
 * Logged once for each member and thing. What PostgreSQL says is a client's question; and of a migration's container the
 * schema is not verified yet: neither is something that the verdict should have prevented.
 */
static void tell_missing(const Supervisor *s, const char *thing) {
        _cleanup_(freep) char *unit = member_unit(&s->member);
        const char *what = said_is_exception(thing) ? "was raised" : "does not exist";

        log_message(LOG_ERR, MESSAGE_SCHEMA_IN_LOG, "%s: %s %s%s.", unit, thing, what,
                    s->info->admitted             ? ", although the schema was verified"
                    : s->member.kind == MEMBER_DB ? ", and a client asked for it"
                                                  : "");
}

void hear_note(void *supervisor, const char *note) {
        Supervisor *s = supervisor;
        bool first_tick = s->said.ticked_usec == 0;
        const Missing *missing = said_take(&s->said, note, now_usec());

        if (missing)
                tell_missing(s, missing->thing);
        if (s->state == LIFE_PROBE && s->info->ready_by == READY_BY_ITSELF && streq(note, NOTE_READY))
                supervisor_feed(s, LIFE_ON_OK);
        else if (s->state == LIFE_PROBE && streq(note, NOTE_SPOKE))
                probing_settle(s);
        else if (s->state == LIFE_SERVE && streq(note, NOTE_TICK))
                serve_ticked(s, first_tick);
        else if (s->state == LIFE_SERVE && s->health.bad == 0 && startswith(note, NOTE_MISSING))
                serve_status(s);
}

static void tell_torn_log(const Supervisor *s) {
        const char *volume = s->config->redis_volume;

        log_message(LOG_ERR, MESSAGE_LAST_LINES,
                    "Redis' log of jobs is torn, as a power cut leaves it. Keep a copy: podman volume export %s -o "
                    "redis.tar. Cut off what is torn: systemctl stop lago-redis; echo y | podman run --rm -i -v "
                    "%s:/data --entrypoint redis-check-aof %s --fix /data/appendonlydir/appendonly.aof.manifest; "
                    "lagoctl start",
                    volume, volume, s->image.reference);
}

void hear_last_lines(Supervisor *s) {
        const Container *c = &s->container;
        _cleanup_(freep) char *lines = NULL;

        if (c->ended && c->by_itself && c->exit_code != 0)
                lines = said_last_lines(&s->said);
        if (!lines)
                return;
        log_message(LOG_WARNING, MESSAGE_LAST_LINES, "Its last lines (exit %d): %s", c->exit_code, lines);
        if (s->member.kind == MEMBER_REDIS && log_is_torn(lines))
                tell_torn_log(s);
}
