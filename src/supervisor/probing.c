/* SPDX-License-Identifier: MIT */
#include "supervisor/probing.h"

#include "base/time.h"
#include "supervisor/gate.h"
#include "supervisor/inside.h"
#include "supervisor/server.h"
#include "supervisor/supervisor.h"

ProbeTarget probing_target(const Supervisor *s) {
        return (ProbeTarget){
                .question = s->info->ready_by == READY_BY_HTTP   ? ASK_HTTP
                            : s->info->ready_by == READY_BY_PONG ? ASK_REDIS
                                                                 : ASK_POSTGRES,
                .place = PROBE_IN_NAMESPACE,
                .netns_fd = s->container.netns_fd,
                .address = s->container.loopback_v6 ? "::1" : "127.0.0.1",
                .port = s->image.port,
                .path = s->info->probe_path,
                .password = s->member.kind == MEMBER_REDIS ? env_get(s->config->env, "REDIS_PASSWORD") : NULL,
                /* The API says which release answers, so that nothing else can answer for it. */
                .version = s->member.kind == MEMBER_API ? s->image.version : NULL,
                .timeout_usec = s->config->health_timeout_usec,
        };
}

static void ask_ready(Supervisor *s);

static int on_ask_again(sd_event_source *source, uint64_t usec, void *userdata) {
        (void)source;
        (void)usec;
        ask_ready(userdata);
        return 0;
}

static void ask_later(Supervisor *s) {
        supervisor_timer(s, probe_rest(now_usec() - s->entered_usec), on_ask_again);
}

static void on_reached(Supervisor *s) {
        free(s->container.inside.told);
        s->container.inside.told = NULL;
        ask_later(s);
}

static void on_missed(Supervisor *s, const char *sentence, const char *advice) {
        if (!s->container.inside.told || !streq(s->container.inside.told, sentence)) {
                log_message(LOG_WARNING, MESSAGE_UNREACHED, "%s. %s.", sentence, advice);
                free_and_strdup(&s->container.inside.told, sentence);
        }
        supervisor_status(s, "%s", sentence);
        ask_later(s);
}

#define INSIDE_USEC (20 * USEC_PER_SEC)

/* Lago is up, and says that it is not well: of what is outside, it may not reach what this host does. */
static bool is_missing_something(Supervisor *s, const char *reason) {
        if (s->member.kind != MEMBER_API || !strstr(reason, " answers ") ||
            !inside_is_outside(s) ||
            (s->container.inside.asked_usec > 0 && now_usec() - s->container.inside.asked_usec < INSIDE_USEC))
                return false;
        s->container.inside.asked_usec = now_usec();
        return true;
}

static void not_ready(Supervisor *s, const char *reason) {
        uint64_t running = now_usec() - s->entered_usec;

        /* Before v1.30.0 Lago's worker listens on "localhost", which is one of the two and not the other. */
        s->container.loopback_v6 = !s->container.loopback_v6;
        if (is_missing_something(s, reason)) {
                inside_ask(s, on_reached, on_missed);
                return;
        }
        if (running > 5 * USEC_PER_SEC && !s->container.inside.told) {
                _cleanup_(freep) char *span = span_text(running);

                if (streq(reason, PROBE_NO_ANSWER))
                        supervisor_status(s, "Starting: no answer on :%u%s yet (%s)", s->image.port,
                                          s->info->probe_path ? s->info->probe_path : "", span);
                else
                        supervisor_status(s, "Starting: %s (%s)", reason, span);
        }
        ask_later(s);
}

/* A server that accepts connections may still refuse the login that Lago will use. */
static void on_login(void *userdata, GateAnswer *answer) {
        Supervisor *s = userdata;

        gate_answer_take(&s->gate.answer, answer);
        if (s->gate.answer.status == 0)
                supervisor_feed(s, LIFE_ON_OK);
        else if (!server_refuses_password(s))
                not_ready(s, s->gate.answer.sentence);
}

static void on_first_answer(void *userdata, ProbeVerdict verdict, const char *reason) {
        Supervisor *s = userdata;

        if (verdict == PROBE_NEVER)
                supervisor_never(s, EXIT_CONFIG, MESSAGE_CONFIG_REFUSED, "Refused: %s", reason);
        else if (verdict != PROBE_GOOD)
                not_ready(s, reason);
        else if (s->info->ready_by == READY_BY_LOGIN) {
                GateCall call;

                if (gate_call(s, "ping", /* with_manifest= */ false, &call))
                        gate_client_ask(&s->gate, call, on_login, s);
                else
                        not_ready(s, "the container has no address");
        } else
                supervisor_feed(s, LIFE_ON_OK);
}

static void ask_ready(Supervisor *s) {
        ProbeTarget target = probing_target(s);

        work_probe(&s->work, &target, on_first_answer, s);
}

/*
 * How long a clock whose ready line is not known counts as starting: three seconds after its first line, or twenty when it
 * writes no line at all, since it may still be booting.
 */
#define SETTLE_USEC        (3 * USEC_PER_SEC)
#define SETTLE_SILENT_USEC (20 * USEC_PER_SEC)

static int on_settled(sd_event_source *source, uint64_t usec, void *userdata) {
        (void)source;
        (void)usec;
        supervisor_feed(userdata, LIFE_ON_OK);
        return 0;
}

void probing_settle(Supervisor *s) {
        if (s->info->ready_by == READY_BY_ITSELF)
                supervisor_timer(s, s->said.spoke ? SETTLE_USEC : SETTLE_SILENT_USEC, on_settled);
}

void enter_probe(Supervisor *s) {
        s->container.inside.asked_usec = 0;
        /* The lock was lost while the engine was starting the container. */
        if (s->member.kind == MEMBER_CLOCK && !s->hold.held) {
                supervisor_feed(s, LIFE_ON_LOST);
                return;
        }
        if (s->info->ready_by != READY_BY_ITSELF)
                ask_ready(s);
        else if (s->said.ready)
                supervisor_feed(s, LIFE_ON_OK);
        else
                probing_settle(s);
}
