/* SPDX-License-Identifier: MIT */
#include "supervisor/redis.h"

#include "base/file.h"
#include "base/keyfile.h"
#include "base/log.h"
#include "base/runstate.h"
#include "base/time.h"
#include "base/util.h"
#include "config/redisurl.h"
#include "stack/stack.h"
#include "supervisor/answer.h"

#include <fcntl.h>
#include <unistd.h>

#define TIMEOUT_USEC (5 * USEC_PER_SEC)

static int redis_address(const Config *config, RedisUrl *ret) {
        _cleanup_(freep) char *url = stack_redis_url(config);

        return redisurl_parse(url, env_get(config->env, "REDIS_PASSWORD"), ret);
}

/*
 * Readable for all, as nobody knows the number of the user that the image runs Redis as; on this host the directory keeps
 * everybody out, and in the container there is but Redis. SELinux lets the container have it by its label (Z).
 */
int redis_give_conf(const Config *config, char ***volumes) {
        _cleanup_(freep) char *text = stack_redis_conf(config);
        int r;

        if (!text)
                return 0;
        r = file_write(REDIS_CONF, text, 0444);
        explicit_bzero(text, strlen(text));
        if (r >= 0)
                strv_add(volumes, REDIS_CONF ":" STACK_REDIS_CONF ":ro,Z");
        return r;
}

/* A log is there before Redis serves, a snapshot some time after the first job; an image may keep both elsewhere. */
static bool keeps_jobs(pid_t init) {
        static const char *const files[] = {"data/" STACK_REDIS_LOG, "data/" STACK_REDIS_OLD_LOG, "data/" STACK_REDIS_SNAPSHOT};
        _cleanup_(freep) char *path = xasprintf("/proc/%d/root", (int)init);
        _cleanup_(closep) int root = init > 0 ? open(path, O_PATH | O_DIRECTORY | O_CLOEXEC) : -EBADF;

        for (size_t i = 0; root >= 0 && i < ELEMENTSOF(files); i++)
                if (faccessat(root, files[i], F_OK, AT_SYMLINK_NOFOLLOW) == 0)
                        return true;
        return false;
}

void redis_note_volume(const char *volume, pid_t init) {
        _cleanup_(freep) char *noted = NULL;
        int r = file_read(STACK_JOBS_NOTE, 4096, &noted, NULL);

        if ((r >= 0 && streq(noted, volume)) || !keeps_jobs(init))
                return;
        r = file_write(STACK_JOBS_NOTE, volume, 0644);
        if (r < 0)
                log_warning("Cannot write " STACK_JOBS_NOTE ": %s. An empty volume in place of %s would not be missed.",
                            strerror(-r), volume);
}

static void answered(RedisClient *r, const RedisUrl *a, ProbeVerdict verdict, const char *reason) {
        r->done(r->userdata,
                &(RedisAnswer){.verdict = verdict, .reason = reason, .host = a ? a->host : NULL, .port = a ? a->port : 0});
}

static void on_answer(void *userdata, ProbeVerdict verdict, const char *reason) {
        RedisClient *r = userdata;
        _cleanup_(redisurl_done) RedisUrl a = {0};

        (void)redis_address(r->config, &a);
        answered(r, &a, verdict, reason);
}

/* --- over TLS: lago-gate asks the same, as no library for that comes into this process ---------------------- */

/* One that was killed, or cannot be run, has said nothing of Redis. */
static ProbeVerdict verdict_of(const JobResult *result, const char *reason) {
        static const struct {
                int status;
                ProbeVerdict verdict;
        } table[] = {{0, PROBE_GOOD}, {GATE_REDIS_UNABLE, PROBE_UNABLE}, {GATE_REDIS_REFUSED, PROBE_NEVER}};

        for (size_t i = 0; reason && result->started && !result->signaled && i < ELEMENTSOF(table); i++)
                if (table[i].status == result->status)
                        return table[i].verdict;
        return PROBE_LATER;
}

static void on_gate(void *userdata, const JobResult *result) {
        _cleanup_(gate_answer_done) GateAnswer answer = gate_answer_read(result);
        _cleanup_(freep) char *reason = keyfile_get(result->output, "REASON");

        on_answer(userdata, verdict_of(result, reason), reason ? reason : answer.sentence);
}

static void ask_over_tls(RedisClient *r, const char *address) {
        char **argv = stack_redis_command(address, TIMEOUT_USEC / USEC_PER_SEC);
        _cleanup_(freep) char *input = stack_redis_login(r->config);

        work_job(r->work, argv,
                 &(JobSpec){.input = input,
                            .unprivileged = true,
                            .view_of = r->view.pid,
                            .timeout_usec = 4 * TIMEOUT_USEC,
                            .done = on_gate,
                            .userdata = r});
        explicit_bzero(input, strlen(input));
}

/* --- in the clear ------------------------------------------------------------------------------------------- */

static void ask_at(RedisClient *r, const RedisUrl *a, const char *address) {
        ProbeTarget target = {
                .question = ASK_REDIS,
                .place = r->view.pid > 0 ? PROBE_IN_NAMESPACE : PROBE_ON_HOST,
                .netns_fd = r->view.netns_fd,
                .address = address,
                .port = a->port,
                .user = a->user,
                .password = a->password,
                .database = a->database,
                /* What keeps ours from writing it says by itself. */
                .writes = r->config->redis_external,
                .grouped = !isempty(env_get(r->config->env, "LAGO_REDIS_SIDEKIQ_SENTINELS")),
                .timeout_usec = TIMEOUT_USEC,
        };

        work_probe(r->work, &target, on_answer, r);
}

/* getent(1) prints "ADDRESS STREAM NAME" lines; looking names up inside this process would block its loop. */
static void on_name(void *userdata, const JobResult *result) {
        RedisClient *r = userdata;
        _cleanup_(redisurl_done) RedisUrl a = {0};
        _cleanup_(freep) char *address = xstrndup(result->output, strcspn(result->output, " \t\n"));

        (void)redis_address(r->config, &a);
        if (isempty(address))
                answered(r, &a, PROBE_LATER, "the name has no address");
        else if (a.tls)
                ask_over_tls(r, address);
        else
                ask_at(r, &a, address);
}

static void look_up(RedisClient *r, const char *host) {
        char **argv = NULL;

        strv_add(&argv, "getent");
        strv_add(&argv, "ahosts");
        strv_add(&argv, host);
        work_job(r->work, argv,
                 &(JobSpec){.view_of = r->view.pid, .timeout_usec = TIMEOUT_USEC, .done = on_name, .userdata = r});
}

static void ask_bundled(RedisClient *r, const RedisUrl *a) {
        _cleanup_(freep) char *address = runstate_address("redis");

        if (address)
                ask_at(r, a, address);
        else
                answered(r, NULL, PROBE_LATER, "it does not serve yet; see lago-redis.service");
}

void redis_ask(RedisClient *r, const Config *config, RedisAnswered done, void *userdata) {
        redis_ask_from(r, (RedisView){0}, config, done, userdata);
}

void redis_ask_from(RedisClient *r, RedisView view, const Config *config, RedisAnswered done, void *userdata) {
        _cleanup_(redisurl_done) RedisUrl a = {0};

        r->view = view;
        r->config = config;
        r->done = done;
        r->userdata = userdata;
        if (redis_address(config, &a) < 0)
                answered(r, NULL, PROBE_NEVER, "REDIS_URL is no redis://HOST:PORT/DB; see lago.env");
        else if (config->redis_external)
                look_up(r, a.host);
        else
                ask_bundled(r, &a);
}
