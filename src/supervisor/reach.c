/* SPDX-License-Identifier: MIT */
#include "supervisor/reach.h"

#include "base/log.h"
#include "base/runstate.h"
#include "base/time.h"
#include "base/util.h"
#include "process/netns.h"
#include "stack/stack.h"
#include "supervisor/inside-words.h"
#include "supervisor/nameserver.h"

#define RELOAD_TIMEOUT_USEC (60 * USEC_PER_SEC)

bool reach_is_well(const Reachability *r) {
        return r->port.missed == 0 && r->names.missed == 0;
}

char *reach_doubt(const Reachability *r, const Listen *listen) {
        _cleanup_(freep) char *place = NULL;

        if (r->names.missed >= 2)
                return xstrdup("its network resolves no names");
        if (r->port.missed < 2)
                return NULL;
        place = stack_listen_text(listen);
        return xasprintf("not reached at %s", place);
}

/* --- made again ----------------------------------------------------------------------------------------- */

static void reload(Reachability *r);

/* The engine has unmade the network first, so that after a failure there may be none, and nothing is asked any more. */
static void on_reloaded(void *userdata, const JobResult *result) {
        Reachability *r = userdata;
        _cleanup_(freep) char *line = NULL;

        if (!result->signaled && result->status == 0)
                return r->over(r->userdata);
        line = engine_last_line(result->errors);
        log_warning("The network of %s could not be made again%s: %s", r->spec.container, r->again ? "" : ", which is tried once more",
                    line);
        if (r->again)
                return r->over(r->userdata);
        r->again = true;
        reload(r);
}

static void reload(Reachability *r) {
        work_job(r->spec.work, r->spec.engine->network_reload(r->spec.container),
                 &(JobSpec){.timeout_usec = RELOAD_TIMEOUT_USEC, .done = on_reloaded, .userdata = r});
}

/* Answer: whether the engine is at work, and over() follows. @doubt: "not reached at …"; @mended: "Reached at …". */
static bool heard(Reachability *r, ReachAct act, const char *doubt, const char *mended, const char *reason) {
        switch (act) {
        case REACH_RELOAD:
                log_message(LOG_WARNING, MESSAGE_UNREACHED, "Healthy, but %s (%s): the engine makes its network again.",
                            doubt, reason);
                r->again = false;
                reload(r);
                return true;
        case REACH_TELL:
                log_message(LOG_WARNING, MESSAGE_UNREACHED, "Healthy, but %s, and making its network again did not help: %s.",
                            doubt, reason);
                return false;
        case REACH_BACK:
                log_message(LOG_INFO, MESSAGE_UNREACHED, "%s again.", mended);
                return false;
        case REACH_NOTHING:
                return false;
        }
        return false;
}

/* --- the name server ------------------------------------------------------------------------------------ */

/*
 * The API is in a second network, whose name server it may ask first, and a remedy for one alone would not help: so both are
 * named whoever asks. @ret_bridges: the caller frees it.
 */
static NamesFacts facts_of(int netns_fd, const char *server, const char *reason, char ***ret_bridges) {
        _cleanup_(freep) char *pdf = runstate_address(member_info(MEMBER_PDF)->name);

        *ret_bridges = netns_bridges(netns_fd, pdf);
        return (NamesFacts){.server = server, .reason = reason, .bridges = *ret_bridges, .wall = wall_here()};
}

char *reach_names_sentence(int netns_fd, const char *reason) {
        _cleanup_(strv_freep) char **bridges = NULL;
        char server[46] = "its address";
        NamesFacts facts = facts_of(netns_fd, server, reason, &bridges);

        (void)netns_gateway(netns_fd, server, sizeof(server));
        return names_sentence(&facts);
}

char *reach_forward_sentence(int netns_fd) {
        _cleanup_(strv_freep) char **bridges = NULL;
        NamesFacts facts = facts_of(netns_fd, "", "", &bridges);

        return forward_sentence(&facts);
}

int reach_name_target(int netns_fd, const char *name, uint64_t timeout_usec, char server[static 46], ProbeTarget *ret) {
        *ret = (ProbeTarget){
                .question = ASK_NAME,
                .place = PROBE_IN_NAMESPACE,
                .netns_fd = netns_fd,
                .address = server,
                .port = 53,
                .path = name,
                .timeout_usec = timeout_usec,
        };
        return netns_gateway(netns_fd, server, 46);
}

/* In the network of the container. The answer may be there before this returns. */
static void ask_name(Reachability *r, ProbeDone done) {
        char server[46];
        ProbeTarget target;
        int error;

        r->asked_usec = now_usec();
        error = reach_name_target(r->spec.netns_fd, r->spec.name, r->spec.timeout_usec, server, &target);
        /* A network of IPv6 alone, say, has no name server to ask: that is no fault. */
        if (error == -ENOENT)
                r->over(r->userdata);
        else if (error < 0)
                done(r, PROBE_LATER, probe_errno_words(-error));
        else
                work_probe(r->spec.work, &target, done, r);
}

/* Another member's questions had the name server started anew: what that one missed is not yet enough to end it. */
static void spare_name_server(Reachability *r) {
        log_info("The name server was started anew while it was asked, and is asked again.");
        r->names.missed--;
        r->unnamed_usec = r->asked_usec;
        r->over(r->userdata);
}

static void hear_name(Reachability *r, bool good, const char *reason) {
        ReachAct act;
        _cleanup_(freep) char *why = NULL;

        if (!good && r->unnamed_usec == 0)
                r->unnamed_usec = r->asked_usec;
        act = reach_heard(&r->names, good);
        if (act == REACH_RELOAD && nameserver_end(r->unnamed_usec))
                return spare_name_server(r);
        if (good || act == REACH_RELOAD)
                r->unnamed_usec = 0;
        if (act == REACH_TELL)
                reason = why = reach_names_sentence(r->spec.netns_fd, reason);
        if (!heard(r, act, "its network resolves no names", "Names are resolved", reason))
                r->over(r->userdata);
}

static void on_last_name(void *userdata, ProbeVerdict verdict, const char *reason) {
        hear_name(userdata, verdict == PROBE_GOOD, reason);
}

/*
 * All networks share the name server, and each has a member that asks: the others' questions may have ended it, and a new one
 * begun, while ours was waiting for the old one's answer. So the new one is asked before it is ended as well, and one that did
 * not run when the first question was missed is not ended.
 */
static void on_name(void *userdata, ProbeVerdict verdict, const char *reason) {
        Reachability *r = userdata;
        Reach next = r->names;

        if (verdict != PROBE_GOOD && reach_heard(&next, false) == REACH_RELOAD)
                ask_name(r, on_last_name);
        else
                hear_name(r, verdict == PROBE_GOOD, reason);
}

/* --- the published port --------------------------------------------------------------------------------- */

static void on_published(void *userdata, ProbeVerdict verdict, const char *reason) {
        Reachability *r = userdata;
        _cleanup_(freep) char *place = stack_listen_text(r->spec.listen), *doubt = xasprintf("not reached at %s", place);
        _cleanup_(freep) char *mended = xasprintf("Reached at %s", place);

        if (!heard(r, reach_heard(&r->port, verdict == PROBE_GOOD), doubt, mended, reason))
                ask_name(r, on_name);
}

bool reach_ask(Reachability *r, const ReachSpec *spec, void (*over)(void *userdata), void *userdata) {
        ProbeTarget target = {
                .question = ASK_HTTP,
                .place = PROBE_ON_HOST,
                .path = spec->path,
                .timeout_usec = spec->timeout_usec,
        };

        if (!reach_due(&r->port) && r->names.missed == 0)
                return false;
        r->spec = *spec;
        r->over = over;
        r->userdata = userdata;
        target.address = stack_listen_local(spec->listen);
        target.port = spec->listen->port;
        work_probe(spec->work, &target, on_published, r);
        return true;
}
