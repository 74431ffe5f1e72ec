/* SPDX-License-Identifier: MIT */
/*
 * lago-supervisor as it is built, between a stand-in for podman, one for lago-gate and one for the journal: whole lives of
 * a member, seen as systemd and the operator see them. It runs in a mount and a network namespace of the test's own, so it
 * finds its directories where they always are.
 */
#include "base/exit.h"
#include "base/file.h"
#include "base/keyfile.h"
#include "base/time.h"
#include "base/util.h"

#include "check.h"
#include "fault/fault.h"

#include <dirent.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#define FAKE     "/run/fake"
#define PROGRAMS "/usr/libexec/fake"
#define CGROUPS  "/sys/fs/cgroup"
#define PATIENCE 10 /* seconds for anything to happen; a rest takes 1 s, then 2 */

#define CONF                                                                                              \
        "[lago]\nrelease = v1.50.0\nfront-url = http://localhost:8080\napi-url = http://localhost:3000\n" \
        "[health]\ninterval = 1s\nrestart-after = 2\n"
#define SECRETS     "POSTGRES_PASSWORD=changeme\nSECRET_KEY_BASE=0123456789abcdef0123456789abcdef\n"
#define API_IMAGE   "docker.io/getlago/api:v1.50.0"
#define FRONT_IMAGE "docker.io/getlago/front:v1.50.0"
#define MANIFEST                                                                                          \
        "lago-manifest 4\nrelease v1.50.0\nfile 20260709135717 add_x\nscript scripts/start.api.sh exec\n" \
        "script scripts/start.worker.sh exec\nscript scripts/start.clock.sh exec\ntask roles:seed_predefined\n"

/* A run that waits until it is watched. */
#define FOLLOWED "until grep -q gate-watch $fake/calls; do sleep 0.01; done\n"

/* The life in hand. */
static struct {
        pid_t pid;
        int notify;  /* the socket that systemd would have */
        char *said;  /* each datagram, with a line break behind it */
        size_t seen; /* so much of it was looked at */
        char *group; /* the unit's */
        unsigned n;  /* lives so far */
        pid_t answers;
} life = {.notify = -EBADF, .answers = 0};

static char *build; /* where the programs are */

/* --- files ---------------------------------------------------------------------------------------------- */

static char *read_text(const char *path) {
        char *text = NULL;

        return file_read(path, 1 << 20, &text, NULL) < 0 ? xstrdup("") : text;
}

/* For everybody to read, as the gate has a user of its own. */
static void put(const char *path, const char *text) {
        FILE *f = fopen(path, "we");

        assert_non_null(f);
        assert_true(fputs(text, f) >= 0);
        assert_int_equal(fclose(f), 0);
        assert_int_equal(chmod(path, 0666), 0);
}

/* What a stand-in does in place of its ordinary answer: a piece of bash. */
static void on(const char *what, const char *script) {
        _cleanup_(freep) char *path = xasprintf(FAKE "/on/%s", what);

        put(path, script);
}

static void run_file(const char *member, const char *text) {
        _cleanup_(freep) char *path = xasprintf("/run/lago/state/%s", member);

        assert_int_equal(file_write(path, text, 0644), 0);
}

/* --- what is seen --------------------------------------------------------------------------------------- */

static void show(const char *title, const char *text) {
        _cleanup_(strv_freep) char **lines = strv_split(text, "\n");

        printf("# it %s:\n", title);
        STRV_FOREACH(line, lines)
                printf("#     %s\n", *line);
}

static _noreturn_ void give_up(const char *why, const char *what) {
        _cleanup_(freep) char *log = read_text(FAKE "/log"), *calls = read_text(FAKE "/calls");

        printf("# %s: %s\n", why, what);
        show("said", life.said);
        show("logged", log);
        show("called", calls);
        fail_msg("%s: %s", why, what);
        abort();
}

static void hear(int msec) {
        struct pollfd p = {.fd = life.notify, .events = POLLIN};
        char bytes[4096];
        ssize_t n;

        (void)poll(&p, 1, msec);
        while ((n = recv(life.notify, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0) {
                char *more = xasprintf("%s%.*s\n", life.said, (int)n, bytes);

                free(life.said);
                life.said = more;
        }
}

/* Waits until it says so; what came before that is behind us. */
static void says(const char *words) {
        uint64_t end = now_usec() + PATIENCE * USEC_PER_SEC;

        for (;;) {
                const char *found = strstr(life.said + life.seen, words);

                if (found) {
                        life.seen = (size_t)(found - life.said) + strlen(words);
                        return;
                }
                if (now_usec() > end)
                        give_up("it never said", words);
                hear(20);
        }
}

static void never_said(const char *words) {
        hear(0);
        if (strstr(life.said, words))
                give_up("it said", words);
}

static void file_is_not(const char *path, const char *text) {
        _cleanup_(freep) char *now = read_text(path);

        if (isempty(now) || streq(now, text))
                give_up("the file is", now);
}

/* Waits until the file has these words in it. */
static void file_has(const char *path, const char *words) {
        uint64_t end = now_usec() + PATIENCE * USEC_PER_SEC;

        for (;;) {
                _cleanup_(freep) char *text = read_text(path);

                if (strstr(text, words))
                        return;
                if (now_usec() > end)
                        give_up("no file had", words);
                hear(10);
        }
}

static void logged(const char *words) {
        file_has(FAKE "/log", words);
}

static void never_logged(const char *words) {
        _cleanup_(freep) char *text = read_text(FAKE "/log");

        if (strstr(text, words))
                give_up("it logged", words);
}

/* All calls so far, with a comma behind each. */
static void called(const char *expected) {
        _cleanup_(freep) char *calls = read_text(FAKE "/calls");

        for (char *c = calls; *c; c++)
                if (*c == '\n')
                        *c = ',';
        if (!streq(calls, expected))
                give_up("it called otherwise than", expected);
}

static void until_there(const char *path) {
        uint64_t end = now_usec() + PATIENCE * USEC_PER_SEC;

        while (access(path, F_OK) < 0) {
                if (now_usec() > end)
                        give_up("it was never there", path);
                hear(10);
        }
}

static unsigned times_called(const char *call) {
        _cleanup_(freep) char *calls = read_text(FAKE "/calls");
        _cleanup_(strv_freep) char **lines = strv_split(calls, "\n");
        unsigned n = 0;

        STRV_FOREACH(line, lines)
                n += streq(*line, call);
        return n;
}

static void until_called(const char *call) {
        uint64_t end = now_usec() + PATIENCE * USEC_PER_SEC;

        while (times_called(call) == 0) {
                if (now_usec() > end)
                        give_up("it never called", call);
                hear(10);
        }
}

/* Waited for, as STATUS= is said before the file is written. */
static void run_file_has(const char *member, const char *key, const char *expected) {
        _cleanup_(freep) char *path = xasprintf("/run/lago/state/%s", member);
        uint64_t end = now_usec() + PATIENCE * USEC_PER_SEC;

        for (;;) {
                _cleanup_(freep) char *text = read_text(path), *value = keyfile_get(text, key);

                if (value && streq(value, expected))
                        return;
                if (now_usec() > end)
                        give_up("its run file is", text);
                hear(10);
        }
}

/* --- calls that fail: see tests/fault/fault.c --------------------------------------------------------------- */

static struct {
        FaultReport *report; /* NULL: none is to fail */
        FaultKind kind;
        uint32_t nth;
        int error;
} fault;

static const struct {
        const char *name;
        int error;
} fault_kinds[] = {
        [FAULT_memory] = {"memory", ENOMEM},
        [FAULT_library] = {"library", ENOMEM},
        [FAULT_open] = {"open", EMFILE},
        [FAULT_read] = {"read", EIO},
        [FAULT_write] = {"write", ENOSPC},
        [FAULT_sync] = {"sync", EIO},
        [FAULT_rename] = {"rename", ENOSPC},
        [FAULT_remove] = {"remove", EIO},
        [FAULT_fork] = {"fork", EAGAIN},
        [FAULT_poll] = {"poll", ENOMEM},
        [FAULT_connect] = {"connect", ETIMEDOUT},
        [FAULT_socket] = {"socket", EMFILE},
        [FAULT_pipe] = {"pipe", EMFILE},
        [FAULT_look] = {"look", EIO},
};

static void set_number(const char *variable, uint32_t number) {
        _cleanup_(freep) char *text = xasprintf("%u", number);

        (void)setenv(variable, text, 1);
}

/* In the process that becomes the program. */
static void order_fault(void) {
        _cleanup_(freep) char *library = xasprintf("%s/fault/fault.so", build);

        if (!fault.report)
                return;
        (void)setenv("FAULT_PROGRAM", "lago-supervisor", 1);
        (void)setenv("FAULT_REPORT", FAKE "/fault", 1);
        (void)setenv("FAULT_KIND", fault_kinds[fault.kind].name, 1);
        set_number("FAULT_NTH", fault.nth);
        set_number("FAULT_ERRNO", (uint32_t)fault_kinds[fault.kind].error);
        (void)setenv("LD_PRELOAD", library, 1);
}

static void expect_fault(FaultKind kind, uint32_t nth) {
        int fd = open(FAKE "/fault", O_RDWR | O_CREAT | O_CLOEXEC, 0666);

        assert_int_equal(ftruncate(fd, 4096), 0);
        fault.report = mmap(NULL, sizeof(*fault.report), PROT_READ, MAP_SHARED, fd, 0);
        assert_ptr_not_equal(fault.report, MAP_FAILED);
        (void)close(fd);
        fault.kind = kind;
        fault.nth = nth;
}

static void forget_fault(void) {
        if (fault.report)
                (void)munmap(fault.report, sizeof(*fault.report));
        fault.report = NULL;
}

/* --- a life --------------------------------------------------------------------------------------------- */

static _noreturn_ void become(const char *verb, const char *member, const char *procs) {
        _cleanup_(freep) char *program = xasprintf("%s/lago-supervisor", build);
        int log = open(FAKE "/log", O_WRONLY | O_APPEND | O_CLOEXEC),
            group = open(procs, O_WRONLY | O_CLOEXEC);

        if (log < 0 || group < 0 || dup2(log, STDERR_FILENO) < 0 || dup2(log, STDOUT_FILENO) < 0 ||
            write(group, "0", 1) != 1)
                _exit(126);
        (void)setenv("NOTIFY_SOCKET", FAKE "/notify", 1);
        (void)setenv("INVOCATION_ID", "0123456789abcdef0123456789abcdef", 1);
        (void)setenv("PATH",
                     PROGRAMS ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
        order_fault();
        (void)execl(program, program, verb, member, (char *)NULL);
        _exit(127);
}

/* Process numbers are those of a namespace here: another run of this test may be under the same. */
static char *new_group(void) {
        static uint64_t run;

        run = run ? run : now_usec();
        return xasprintf(CGROUPS "/lago-test-%llu-%u.service", (unsigned long long)run, life.n++);
}

static void starts(const char *member) {
        _cleanup_(freep) char *procs = NULL;

        life.group = new_group();
        procs = xasprintf("%s/cgroup.procs", life.group);
        assert_int_equal(mkdir(life.group, 0755), 0);
        life.pid = fork();
        assert_true(life.pid >= 0);
        if (life.pid == 0)
                become("run", member, procs);
}

static void is_asked_to_stop(void) {
        assert_int_equal(kill(life.pid, SIGTERM), 0);
}

/* Waits for its end. */
static void exits(int expected) {
        uint64_t end = now_usec() + PATIENCE * USEC_PER_SEC;
        int status;

        while (waitpid(life.pid, &status, WNOHANG) == 0) {
                if (now_usec() > end)
                        give_up("it never ended", "see below");
                hear(5);
        }
        life.pid = 0;
        hear(0);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != expected) {
                _cleanup_(freep) char *number = xasprintf("0x%x", (unsigned)status);

                give_up("it ended otherwise", number);
        }
}

static pid_t child_named(const char *pid, const char *name) {
        _cleanup_(freep) char *comm_path = xasprintf("/proc/%s/comm", pid),
                              *group_path = xasprintf("/proc/%s/cgroup", pid);
        _cleanup_(freep) char *comm = read_text(comm_path), *group = read_text(group_path);

        return streq(strip(comm), name) && strstr(group, life.group + strlen(CGROUPS))
                       ? (pid_t)atoi(pid)
                       : 0;
}

/* To the process of this life that is called so. */
static void signal_named(const char *name, int sig) {
        DIR *directory = opendir("/proc");
        struct dirent *entry;
        pid_t pid = 0;

        while ((entry = readdir(directory)) && pid == 0)
                pid = child_named(entry->d_name, name);
        closedir(directory);
        assert_true(pid > 1);
        assert_int_equal(kill(pid, sig), 0);
}

static void kill_named(const char *name) {
        signal_named(name, SIGKILL);
}

static void stops_well(void) {
        is_asked_to_stop();
        exits(0);
}

/* --- the world ------------------------------------------------------------------------------------------ */

static void mount_empty(const char *path) {
        assert_int_equal(mount("tmpfs", path, "tmpfs", 0, "mode=0755"), 0);
}

static void loopback_up(void) {
        struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
        _cleanup_(closep) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &request), 0);
        /* Where a server outside is; no address of that network is anybody else's. */
        assert_int_equal(system("ip address add 192.0.2.9/24 dev lo"), 0);
}

/* /etc with what a program cannot do without, and the user of the gate. */
static void make_etc(void) {
        static const char *const files[] = {"/etc/passwd", "/etc/group", "/etc/nsswitch.conf",
                                            "/etc/ld.so.cache"};
        char *texts[ELEMENTSOF(files)];
        size_t sizes[ELEMENTSOF(files)];
        FILE *f;

        for (size_t i = 0; i < ELEMENTSOF(files); i++)
                assert_int_equal(file_read(files[i], 1 << 22, &texts[i], &sizes[i]), 0);
        mount_empty("/etc");
        for (size_t i = 0; i < ELEMENTSOF(files); i++) {
                f = fopen(files[i], "we");
                assert_non_null(f);
                assert_int_equal(fwrite(texts[i], 1, sizes[i], f), sizes[i]);
                if (i == 0)
                        assert_true(fputs("lago-gate:x:64321:64321::/:/usr/sbin/nologin\n", f) >=
                                    0);
                assert_int_equal(fclose(f), 0);
                free(texts[i]);
        }
}

static void start_answers(void) {
        life.answers = fork();
        assert_true(life.answers >= 0);
        if (life.answers == 0) {
                (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
                (void)execl(PROGRAMS "/answer", "answer", "journal", "/run/systemd/journal/stdout",
                            "redis", "127.0.0.1:6379", "redis", "192.0.2.9:6379", "http", "127.0.0.2:3000", "postgres",
                            "127.0.0.1:5432", (char *)NULL);
                _exit(127);
        }
        for (int i = 0; i < 500 && access(FAKE "/answering", F_OK) < 0; i++)
                (void)usleep(10000);
        assert_int_equal(access(FAKE "/answering", F_OK), 0);
}

/* One more, which a test ends itself. */
static pid_t start_answers_at(const char *http) {
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0) {
                (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
                (void)execl(PROGRAMS "/answer", "answer", "http", http, (char *)NULL);
                _exit(127);
        }
        return pid;
}

static int make_world(void **state) {
        _cleanup_(freep) char *self = realpath("/proc/self/exe", NULL),
                              *scripts = realpath("tests/component/supervisor", NULL);
        _cleanup_(freep) char *relay = NULL;

        (void)state;
        build = xstrndup(self, (size_t)(strrchr(self, '/') - self));
        *strrchr(build, '/') = '\0';
        relay = xasprintf("%s/lago-relay", build);
        assert_non_null(scripts);
        assert_int_equal(unshare(CLONE_NEWNS | CLONE_NEWNET), 0);
        assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
        assert_int_equal(mount("cgroup2", CGROUPS, "cgroup2", 0, NULL), 0);
        assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
        loopback_up();
        make_etc();
        mount_empty("/run");
        mount_empty("/var/cache");
        mount_empty("/usr/libexec");
        assert_int_equal(make_dirs(PROGRAMS, 0755), 0);
        assert_int_equal(mount(scripts, PROGRAMS, NULL, MS_BIND, NULL), 0);
        assert_int_equal(make_dirs("/usr/libexec/lago", 0755), 0);
        assert_int_equal(symlink(relay, "/usr/libexec/lago/lago-relay"), 0);
        assert_int_equal(make_dirs("/var/lib/lago", 0755), 0);
        mount_empty("/var/lib/lago");
        assert_int_equal(make_dirs("/run/systemd/journal", 0755), 0);
        assert_int_equal(make_dirs(FAKE, 0777), 0);
        start_answers();
        return 0;
}

static int end_world(void **state) {
        (void)state;
        if (life.answers > 0)
                (void)kill(life.answers, SIGKILL);
        free(build);
        return 0;
}

static void empty(const char *path) {
        (void)remove_tree(path);
        assert_int_equal(make_dirs(path, 0755), 0);
}

static void listen_for_notes(void) {
        struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = FAKE "/notify"};

        life.notify = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        assert_true(life.notify >= 0);
        assert_int_equal(bind(life.notify, (const struct sockaddr *)&address, sizeof(address)), 0);
}

/* For one more life in the same test. */
static void listen_again(void) {
        (void)unlink(FAKE "/notify");
        listen_for_notes();
        life.said = xstrdup("");
        life.seen = 0;
}

/* The host as it is when all before this member serves and v1.50.0 was admitted. */
static int begin(void **state) {
        (void)state;
        empty("/run/lago/state");
        empty("/run/lago/admitted");
        empty("/run/lago/engine");
        empty("/etc/lago/env.d");
        empty("/run/lago/admitted/env.d");
        empty("/var/cache/lago");
        empty(FAKE);
        empty(FAKE "/on");
        empty(FAKE "/containers");
        empty(FAKE "/files");
        (void)unlink("/var/lib/lago/unfinished-database");
        (void)unlink("/var/lib/lago/unfinished-load");
        (void)unlink("/var/lib/lago/fingerprints");
        (void)unlink("/var/lib/lago/proven-keys");
        (void)remove_tree("/var/lib/lago/admitted");
        (void)remove_tree("/var/lib/lago/admitted.new");
        (void)remove_tree("/var/lib/lago/admitted.old");
        (void)unlink("/run/lago/apply");
        (void)unlink("/run/lago/started");
        assert_int_equal(chmod(FAKE, 0777), 0);
        assert_int_equal(chmod(FAKE "/on", 0777), 0);
        put(FAKE "/calls", "");
        put(FAKE "/log", "");
        put(FAKE "/images", API_IMAGE
            " aaaa\n" FRONT_IMAGE " bbbb\ndocker.io/getlago/lago-gotenberg:7.8.2 cccc\n"
            "docker.io/library/redis:7-alpine dddd\ndocker.io/getlago/postgres-partman:15.0-alpine eeee\n");
        put(FAKE "/manifest", MANIFEST "lines 7\nend\n");
        put("/var/cache/lago/manifest-aaaa", MANIFEST "lines 7\nend\n");
        put("/etc/lago/lago.conf", CONF);
        put("/etc/lago/lago.env", "");
        put("/etc/lago/secrets.env", SECRETS);
        put("/run/lago/admitted/lago.conf", CONF);
        put("/run/lago/admitted/lago.env", "");
        put("/run/lago/admitted/secrets.env", SECRETS);
        put("/run/lago/admitted/images",
            "API_IMAGE_ID=aaaa\nFRONT_IMAGE_ID=bbbb\nFRONT_PORT=0\nVERSION=v1.50.0\n");
        run_file("db", "STATE=serving\nADDRESS=127.0.0.1\nSINCE=1\n");
        run_file("redis", "STATE=serving\nADDRESS=127.0.0.1\nSINCE=1\n");
        run_file("api", "STATE=serving\nADDRESS=127.0.0.2\nSINCE=1\n");
        listen_for_notes();
        life.said = xstrdup("");
        life.seen = 0;
        return 0;
}

static int remove_group(const char *group) {
        DIR *directory = opendir(group);
        struct dirent *entry;

        while (directory && (entry = readdir(directory)))
                if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
                        (void)unlinkat(dirfd(directory), entry->d_name, AT_REMOVEDIR);
        if (directory)
                closedir(directory);
        return rmdir(group) < 0 && errno != ENOENT ? -errno : 0;
}

/* Nothing of a life is left, whether it was a good one or not. */
static int end(void **state) {
        _cleanup_(freep) char *kill_file =
                life.group ? xasprintf("%s/cgroup.kill", life.group) : NULL;

        (void)state;
        if (kill_file)
                put(kill_file, "1");
        if (life.pid > 0)
                (void)waitpid(life.pid, NULL, 0);
        life.pid = 0;
        /* What it has left behind is ours; a group with a process that nobody waits for cannot be removed. */
        for (int i = 0; life.group && i < 200 && remove_group(life.group) < 0; i++) {
                (void)usleep(10000);
                while (waitpid(-1, NULL, WNOHANG) > 0)
                        ;
        }
        free(life.group);
        life.group = NULL;
        free(life.said);
        life.said = NULL;
        life.notify = close_fd(life.notify);
        return 0;
}

/* --- a clean life of each member ------------------------------------------------------------------------ */

static void an_api_serves_and_stops(void **state _unused_) {
        starts("api");
        says("STATUS=Checking the schema of \"lago\" at db:5432");
        says("STATUS=Starting");
        says("STATUS=Serving v1.50.0, schema 12 of 12");
        says("READY=1");
        run_file_has("api", "STATE", "serving");
        run_file_has("api", "ADDRESS", "10.89.0.2");
        run_file_has("api", "IMAGE_ID", "aaaa");
        run_file_has("api", "VERDICT", "verified");
        is_asked_to_stop();
        says("STOPPING=1");
        says("STATUS=Stopping, up to 45 s");
        says("STATUS=Stopped\n");
        exits(0);
        run_file_has("api", "STATE", "ended");
        called("gate-check,start lago-api,stop lago-api,rm lago-api,");
}

/* Its words, and what was called for it. */
static void serves(const char *member, const char *status, const char *calls) {
        starts(member);
        says(status);
        says("READY=1");
        run_file_has(member, "STATE", "serving");
        stops_well();
        called(calls);
}

static void a_worker_runs(void **state _unused_) {
        serves("worker", "STATUS=Running v1.50.0",
               "gate-check,start lago-worker,stop lago-worker,rm lago-worker,");
}

static void a_clock_runs_when_it_says_so_and_holds_its_lock(void **state _unused_) {
        serves("clock", "STATUS=Running v1.50.0",
               "gate-check,gate-hold,start lago-clock,stop lago-clock,rm lago-clock,");
        file_has(FAKE "/journal", "lago-clock\n");
        file_has(FAKE "/journal", "Starting clock for 3 events");
}

/* Its own verdict is enough; what an API of this host once ended with is nothing to it. */
static void a_clock_without_an_api_here_waits_for_none(void **state _unused_) {
        put("/run/lago/admitted/lago.conf", CONF "[api]\nenabled = no\n[front]\nenabled = no\n"
                                                 "[database]\nmode = external\n[redis]\nmode = external\n");
        put("/run/lago/admitted/lago.env", "DATABASE_URL=postgresql://lago:k2hZbq7xTfA0@192.0.2.9:5432/lago\n"
                                           "REDIS_URL=redis://192.0.2.9:6379\n" SECRETS);
        run_file("api", "STATE=ended\nSTATUS=Refused: image\nEXIT=81\n");
        put(FAKE "/pending", "");
        starts("clock");
        says("STATUS=1 migration pending: 20260709135717 add_x");
        put(FAKE "/migrated", "");
        says("STATUS=Running v1.50.0");
        says("READY=1");
        stops_well();
}

static void a_front_serves_without_a_gate(void **state _unused_) {
        serves("front", "STATUS=Serving v1.50.0",
               "start lago-front,stop lago-front,rm lago-front,");
}

#define ACCESS_LINE(address) \
        address " - - [26/Nov/2026:14:40:00 +0000] \"GET / HTTP/1.0\" 200 612 \"-\" \"lago-supervisor/0.1.0\" \"-\""

static void a_front_s_lines_about_our_own_probes_are_left_out(void **state _unused_) {
        _cleanup_(freep) char *journal = NULL;

        on("container", "echo '" ACCESS_LINE("127.0.0.1") "'\necho '" ACCESS_LINE("10.89.0.1") "'\n");
        starts("front");
        says("READY=1");
        stops_well();
        journal = read_text(FAKE "/journal");
        assert_non_null(strstr(journal, ACCESS_LINE("10.89.0.1")));
        assert_null(strstr(journal, ACCESS_LINE("127.0.0.1")));
}

static void a_page_renderer_serves(void **state _unused_) {
        serves("pdf", "STATUS=Serving docker.io/getlago/lago-gotenberg:7.8.2",
               "start lago-pdf,stop lago-pdf,rm lago-pdf,");
}

static void a_database_serves_when_a_login_succeeds(void **state _unused_) {
        starts("db");
        says("STATUS=Serving docker.io/getlago/postgres-partman:15.0-alpine");
        says("READY=1");
        stops_well();
        called("start lago-db,gate-ping,stop lago-db,rm lago-db,");
        file_has(FAKE "/url", "postgresql://lago:changeme@db:5432/lago");
}

static void a_redis_serves(void **state _unused_) {
        serves("redis", "STATUS=Serving docker.io/library/redis:7-alpine",
               "start lago-redis,stop lago-redis,rm lago-redis,");
}

/* It has it from a file that is there as long as the container is; the probe logs in with it. */
static void a_redis_serves_with_its_password(void **state _unused_) {
        put("/etc/lago/secrets.env", SECRETS "REDIS_PASSWORD=Geh3im\n");
        put(FAKE "/password", "Geh3im\n");
        starts("redis");
        says("READY=1");
        file_has("/run/lago/engine/redis.conf", "requirepass \"Geh3im\"\n");
        file_has(FAKE "/containers/lago-redis/command", "redis-server\n/etc/lago-redis.conf\n");
        file_has(FAKE "/environment", "REDISCLI_AUTH=Geh3im\n");
        stops_well();
        assert_int_not_equal(access("/run/lago/engine/redis.conf", F_OK), 0);
}

/* The client was killed at its last step. */
static void a_run_whose_start_was_killed_too_late_goes_on(void **state _unused_) {
        put(FAKE "/pending", "");
        on("start", "once; make; begin; echo go >\"$place/go\"; sleep 0.3; kill -KILL $$\n");
        on("container", FOLLOWED);
        empty("/run/lago/admitted");
        starts("migrate");
        says("STATUS=Migrating");
        says("STATUS=Schema verified: v1.50.0, 12 of 12");
        exits(0);
        logged("Signal 9 ended podman when the container had begun: it goes on.");
        assert_int_equal(times_called("start lago-migrate"), 1);
}

/* There is room for its first word alone. The others wait for what the file says, so it is written as soon as there is more. */
static void a_run_file_without_room_is_written_later(void **state _unused_) {
        assert_int_equal(mount("none", "/run/lago/state", "tmpfs", 0, "nr_inodes=2"), 0);
        starts("redis");
        says("READY=1");
        logged("Cannot write /run/lago/state/redis: No space left on device. The other members wait for what it says.");
        assert_int_equal(mount("none", "/run/lago/state", "tmpfs", MS_REMOUNT, "nr_inodes=100"), 0);
        file_has("/run/lago/state/redis", "STATE=serving");
        logged("/run/lago/state/redis is written again.");
        stops_well();
        assert_int_equal(umount("/run/lago/state"), 0);
}

static void what_is_pending_is_migrated_and_admitted(void **state _unused_) {
        put(FAKE "/pending", "");
        on("container", FOLLOWED);
        empty("/run/lago/admitted");
        starts("migrate");
        says("STATUS=Migrating");
        says("STATUS=Schema verified: v1.50.0, 12 of 12");
        says("READY=1");
        exits(0);
        file_has("/run/lago/admitted/images",
                 "API_IMAGE_ID=aaaa\nFRONT_IMAGE_ID=bbbb\nFRONT_IMAGE=" FRONT_IMAGE "\nFRONT_PORT=0\nVERSION=v1.50.0\n");
        file_has(FAKE "/journal", "== migrating");
        called("image-inspect " API_IMAGE " " FRONT_IMAGE
               ",gate-check,gate-hold,gate-check,start lago-migrate,gate-watch,gate-check,rm lago-migrate,");
}

#define NEW_KEYS_FILE "/var/lib/lago/new-keys"
#define PAGES_NOTE    "/var/lib/lago/pages-network"
#define EXTERNAL_CONF CONF "[database]\nmode = external\n"
#define EXTERNAL_URL  "DATABASE_URL=postgresql://lago:s@pg.example.com:5432/lago\n"

static void new_keys_are_not_for_a_database_in_use(void **state _unused_) {
        put("/etc/lago/lago.conf", EXTERNAL_CONF);
        put("/etc/lago/lago.env", EXTERNAL_URL);
        assert_int_equal(make_dirs("/var/lib/lago", 0755), 0);
        put(NEW_KEYS_FILE, "WHAT=pg.example.com:5432/lago\n");
        put(FAKE "/pending", "");
        starts("migrate");
        says("STATUS=Refused: the keys were made just now, and the database is not empty");
        logged("rm " NEW_KEYS_FILE);
        exits(EXIT_KEYS);
        assert_int_equal(times_called("gate-hold"), 0);
        assert_int_equal(times_called("start lago-migrate"), 0);
        (void)unlink(NEW_KEYS_FILE);
}

/* Without it the page renderer would be in the network of the stores. */
static void a_note_of_networks_that_cannot_be_read_is_waited_for(void **state _unused_) {
        assert_int_equal(make_dirs("/var/lib/lago", 0755), 0);
        (void)unlink(PAGES_NOTE);
        assert_int_equal(symlink("/proc/self/mem", PAGES_NOTE), 0);
        starts("redis");
        says("STATUS=Cannot read " PAGES_NOTE ": Input/output error");
        assert_int_equal(times_called("start lago-redis"), 0);
        assert_int_equal(unlink(PAGES_NOTE), 0);
        says("READY=1");
        stops_well();
}

/* It may say that they are new, of a database in which others were used. */
static void a_note_of_new_keys_that_cannot_be_read_is_waited_for(void **state _unused_) {
        put("/etc/lago/lago.conf", EXTERNAL_CONF);
        put("/etc/lago/lago.env", EXTERNAL_URL);
        assert_int_equal(make_dirs("/var/lib/lago", 0755), 0);
        assert_int_equal(symlink("/proc/self/mem", NEW_KEYS_FILE), 0);
        put(FAKE "/pending", "");
        starts("migrate");
        says("STATUS=Cannot read " NEW_KEYS_FILE ": Input/output error");
        assert_int_equal(times_called("start lago-migrate"), 0);
        assert_int_equal(unlink(NEW_KEYS_FILE), 0);
        says("STATUS=Schema verified");
        exits(0);
}

static void new_keys_are_those_of_an_empty_database(void **state _unused_) {
        put("/etc/lago/lago.conf", EXTERNAL_CONF);
        put("/etc/lago/lago.env", EXTERNAL_URL);
        assert_int_equal(make_dirs("/var/lib/lago", 0755), 0);
        put(NEW_KEYS_FILE, "WHAT=pg.example.com:5432/lago\n");
        on("gate-check", "[ -e $fake/migrated ] || say 12 VERDICT=empty 'SENTENCE=Waiting for the schema' FIRST=1 MISSING=12 "
                         "NEEDED=12\n");
        starts("migrate");
        says("STATUS=Schema verified");
        exits(0);
        assert_int_equal(access(NEW_KEYS_FILE, F_OK), -1);
}

#define FINGERPRINTS "DATABASE=lago_postgres_data\nSALT=aa\nENCRYPTION_PRIMARY_KEY=bb\n"

static void keys_that_open_nothing_are_refused(void **state _unused_) {
        put(FAKE "/pending", "");
        put("/var/lib/lago/fingerprints", FINGERPRINTS);
        on("gate-open", "say 82 VERDICT=closed 'SENTENCE=Refused: the encryption keys do not open what is stored in the database'\n");
        starts("migrate");
        says("STATUS=Refused: the encryption keys do not open what is stored in the database");
        exits(82);
        logged("Keys refused: ENCRYPTION_PRIMARY_KEY and ENCRYPTION_KEY_DERIVATION_SALT open nothing of what Lago has stored");
        assert_int_equal(times_called("start lago-migrate"), 0);
        /* They are nobody's. */
        assert_int_not_equal(access("/var/lib/lago/fingerprints", F_OK), 0);
        assert_int_not_equal(access("/var/lib/lago/proven-keys", F_OK), 0);
}

static void keys_are_tried_once(void **state _unused_) {
        put("/var/lib/lago/fingerprints", FINGERPRINTS);
        on("gate-open", "say 75\n");
        starts("migrate");
        says("READY=1");
        exits(0);
        logged("It is not proven that the encryption keys open what is stored in the database: ");
        (void)end(NULL);
        (void)begin(NULL);
        put("/var/lib/lago/fingerprints", FINGERPRINTS);
        on("gate-open", "say 0 VERDICT=opens 'SENTENCE=The encryption keys open what is stored in the database'\n");
        starts("migrate");
        says("READY=1");
        exits(0);
        logged("The encryption keys open what is stored in the database.");
        file_has(FAKE "/url", "DATABASE_URL=postgresql://");
        (void)end(NULL);
        listen_again();
        starts("migrate");
        says("READY=1");
        exits(0);
        assert_int_equal(times_called("gate-open"), 1);
        /* Other keys, or another database. */
        (void)end(NULL);
        listen_again();
        put("/var/lib/lago/fingerprints", "DATABASE=other\nSALT=aa\nENCRYPTION_PRIMARY_KEY=bb\n");
        starts("migrate");
        says("READY=1");
        exits(0);
        assert_int_equal(times_called("gate-open"), 2);
}

static void a_left_over_run_is_removed_when_none_is_to_be_made(void **state _unused_) {
        assert_int_equal(make_dirs(FAKE "/containers/lago-migrate", 0755), 0);
        put(FAKE "/containers/lago-migrate/label", "migrate\n");
        starts("migrate");
        says("READY=1");
        exits(0);
        called("image-inspect " API_IMAGE " " FRONT_IMAGE ",gate-check,owner lago-migrate,"
               "rm lago-migrate,");
}

/* There is no bus here, which is as far as it comes. */
static void what_a_failure_left_is_started_once_the_schema_is_verified(void **state _unused_) {
        put("/run/lago/state/ready", "STATE=ended\n");
        starts("migrate");
        logged("Cannot ask systemd whether the start of Lago is to go on");
        says("READY=1");
        exits(0);
}

static void while_lago_ready_lives_nothing_was_left(void **state _unused_) {
        put("/run/lago/state/ready", "STATE=keeping\n");
        starts("migrate");
        says("READY=1");
        exits(0);
        never_logged("Cannot ask systemd");
}

static void what_is_verified_is_admitted_without_a_run(void **state _unused_) {
        starts("migrate");
        says("STATUS=Schema verified: v1.50.0, 12 of 12");
        says("READY=1");
        exits(0);
        assert_int_equal(times_called("start lago-migrate"), 0);
}

/* --- READY=1 -------------------------------------------------------------------------------------------- */

/* On the host's own loopback a Redis and a PostgreSQL answer all the time. */
static void a_redis_that_is_gone_is_never_ready(void **state _unused_) {
        on("container", "exit 1\n");
        starts("redis");
        says("STATUS=Ended 1 times in 10 min (exit 1)");
        says("STATUS=Ended 2 times in 10 min (exit 1)");
        stops_well();
        never_said("READY=1");
}

static void a_database_that_is_gone_is_never_ready(void **state _unused_) {
        on("container", "exit 1\n");
        starts("db");
        says("STATUS=Ended 2 times in 10 min (exit 1)");
        stops_well();
        never_said("READY=1");
}

static void an_api_of_another_release_is_never_ready(void **state _unused_) {
        put("/run/lago/admitted/images",
            "API_IMAGE_ID=aaaa\nFRONT_IMAGE_ID=bbbb\nFRONT_PORT=0\nVERSION=v1.49.0\n");
        put("/var/cache/lago/manifest-aaaa",
            "lago-manifest 4\nrelease v1.49.0\nscript scripts/start.api.sh exec\nlines 3\nend\n");
        starts("api");
        says("STATUS=Starting: /health does not name v1.49.0");
        stops_well();
        never_said("READY=1");
}

/* --- images --------------------------------------------------------------------------------------------- */

static void a_start_that_fails_is_told_in_the_engines_words(void **state _unused_) {
        _cleanup_(freep) char *journal = NULL, *ids = NULL;

        starts("pdf");
        says("READY=1");
        ids = read_text(FAKE "/journal");
        assert_null(strstr(ids, "0123456789abcdef"));
        stops_well();
        (void)end(NULL);
        (void)begin(NULL);
        on("start", "fail 'unable to start container: no luck'\n");
        starts("pdf");
        says("STATUS=Cannot start the container: unable to start container: no luck");
        stops_well();
        never_said("READY=1");
        /* Those are none of the container's lines, nor is the id that it says when all went well. */
        journal = read_text(FAKE "/journal");
        assert_null(strstr(journal, "no luck"));
}

static void an_image_that_is_absent_is_pulled(void **state _unused_) {
        put(FAKE "/images", "");
        starts("pdf");
        says("STATUS=Pulling docker.io/getlago/lago-gotenberg:7.8.2");
        says("READY=1");
        stops_well();
        called("start lago-pdf,pull docker.io/getlago/lago-gotenberg:7.8.2,sync ,"
               "image-inspect docker.io/getlago/lago-gotenberg:7.8.2,start lago-pdf,"
               "stop lago-pdf,rm lago-pdf,");
}

static void an_admitted_image_that_comes_back_serves(void **state _unused_) {
        put(FAKE "/images", "");
        on("pull", "echo \"$name aaaa\" >>$fake/images; exit 0\n");
        starts("api");
        says("STATUS=Pulling " API_IMAGE);
        says("READY=1");
        stops_well();
}

static void an_admitted_image_that_is_gone_for_good_is_refused(void **state _unused_) {
        put(FAKE "/images", "");
        starts("api");
        says("STATUS=Refused: the image that was admitted (aaaa) is gone");
        exits(81);
        never_said("READY=1");
}

/* The API's is pruned while migrate waits for another migrator: each of the two keeps its own id. */
static void what_is_admitted_after_a_prune_is_each_image_by_its_id(void **state _unused_) {
        put(FAKE "/pending", "");
        on("start", "once; : >$fake/images; fail 'aaaa: image not known'\n");
        on("pull",
           "case $name in */api:*) echo \"$name a2\";; *) echo \"$name b2\";; esac >>$fake/images; exit 0\n");
        starts("migrate");
        says("READY=1");
        exits(0);
        file_has("/run/lago/admitted/images", "API_IMAGE_ID=a2\nFRONT_IMAGE_ID=b2\n");
}

static void a_left_over_that_the_engine_cannot_tell_is_left_alone(void **state _unused_) {
        assert_int_equal(make_dirs(FAKE "/containers/lago-pdf", 0755), 0);
        put(FAKE "/containers/lago-pdf/label", "pdf\n");
        on("owner", "once; fail 'database is locked'\n");
        starts("pdf");
        says("STATUS=Cannot ask whose container lago-pdf is");
        says("READY=1");
        stops_well();
}

#define DAMAGE "fail 'readlink /var/lib/containers/storage/overlay: invalid argument'\n"

static void a_damaged_image_is_removed_and_pulled_once(void **state _unused_) {
        on("start", "[ ! -e $fake/damaged ] || " DAMAGE);
        put(FAKE "/damaged", "");
        on("pull", "echo \"$name aaaa\" >>$fake/images; exit 0\n");
        starts("api");
        logged("aaaa is not whole on the disk, as after a power cut (readlink /var/lib/containers/storage/overlay: invalid");
        says("STATUS=Pulling " API_IMAGE);
        says("READY=1");
        stops_well();
        called("gate-check,start lago-api,idle ,image-rm aaaa,pull " API_IMAGE ",sync ,image-inspect aaaa,"
               "gate-check,start lago-api,stop lago-api,rm lago-api,");
}

/* One that was made from it before the power was cut keeps it from being removed. */
static void what_is_made_from_a_damaged_image_goes_first(void **state _unused_) {
        assert_int_equal(make_dirs(FAKE "/containers/lago-worker", 0755), 0);
        on("image-rm", "[ ! -e $fake/containers/lago-worker ] || fail 'image is in use by a container'\n");
        on("start", "[ ! -e $fake/damaged ] || " DAMAGE);
        put(FAKE "/damaged", "");
        on("pull", "echo \"$name aaaa\" >>$fake/images; exit 0\n");
        starts("api");
        says("STATUS=Pulling " API_IMAGE);
        says("READY=1");
        stops_well();
        assert_int_equal(times_called("image-rm aaaa"), 1);
}

static void one_that_stays_damaged_is_not_pulled_for_ever(void **state _unused_) {
        on("start", DAMAGE);
        on("pull", "echo \"$name aaaa\" >>$fake/images; exit 0\n");
        starts("api");
        says("STATUS=" API_IMAGE " is damaged, although it was pulled again: readlink");
        stops_well();
        assert_int_equal(times_called("image-rm aaaa"), 1);
        assert_int_equal(times_called("pull " API_IMAGE), 1);
}

/* lago-migrate asks for its id first, which fails as well. */
static void a_damaged_image_is_known_by_its_name_too(void **state _unused_) {
        on("image-inspect", "[ ! -e $fake/damaged ] || " DAMAGE);
        put(FAKE "/damaged", "");
        starts("migrate");
        says("STATUS=Pulling " API_IMAGE);
        says("READY=1");
        exits(0);
        assert_int_equal(times_called("image-rm " API_IMAGE), 1);
}

static bool may_be_shielded(void) {
        int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
        bool may = write(fd, "-1", 2) == 2;

        (void)!write(fd, "0", 1);
        (void)close(fd);
        return may;
}

/* The kernel chooses among what is in the unit; what the engine starts has the unit's score again. */
static void memory_that_runs_out_is_the_container_s(void **state _unused_) {
        _cleanup_(freep) char *file = NULL;

        on("start", "cat /proc/self/oom_score_adj >$fake/score\n");
        starts("pdf");
        says("READY=1");
        file = xasprintf("/proc/%d/oom_score_adj", (int)life.pid);
        /* Without CAP_SYS_RESOURCE it stays as it is, and serves all the same. */
        file_has(file, may_be_shielded() ? "-900\n" : "0\n");
        file_is_not(FAKE "/score", "-900\n");
        stops_well();
}

static void a_database_that_lets_nobody_in_does_not_serve(void **state _unused_) {
        starts("db");
        says("READY=1");
        on("gate-ping", "say 20 'SENTENCE=Waiting for PostgreSQL at db:5432: could not open file: Read-only file system'\n");
        says("STATUS=Not healthy for 1 s: Waiting for PostgreSQL at db:5432: could not open file");
        run_file_has("db", "SICK", "yes");
        says("STATUS=Not healthy for 3 s");
        assert_int_equal(unlink(FAKE "/on/gate-ping"), 0);
        says("STATUS=Serving");
        stops_well();
        assert_int_equal(times_called("start lago-db"), 1);
}

static void a_stop_that_is_held_up_says_by_what(void **state _unused_) {
        pid_t pid = fork();

        if (pid == 0) {
                (void)prctl(PR_SET_NAME, "podman");
                (void)raise(SIGSTOP);
                _exit(0);
        }
        assert_int_equal(waitpid(pid, NULL, WUNTRACED), pid);
        starts("pdf");
        says("READY=1");
        on("stop", "sleep 6\n");
        is_asked_to_stop();
        says("STATUS=Stopping; held up: podman does not answer while podman");
        says(", paused) is there (5 s)");
        exits(0);
        assert_int_equal(kill(pid, SIGKILL), 0);
        (void)waitpid(pid, NULL, 0);
}

static void a_manifest_is_read_from_the_image_once(void **state _unused_) {
        assert_int_equal(unlink("/var/cache/lago/manifest-aaaa"), 0);
        on("gate-manifest", "ls /var/cache/lago >$fake/meanwhile\n");
        starts("api");
        says("STATUS=Reading the migrations of " API_IMAGE);
        says("READY=1");
        stops_well();
        /* Another member may look into the same image at the same time, and writes elsewhere. */
        file_has(FAKE "/meanwhile", "manifest-aaaa.api.new\n");
        file_has("/var/cache/lago/manifest-aaaa", "task roles:seed_predefined\nlines 7\nend\n");
        called("create-files lago-api-files,mount lago-api-files,gate-manifest,rm lago-api-files,gate-check,start lago-api,stop lago-api,rm lago-api,");
}

static void a_damaged_manifest_is_read_again(void **state _unused_) {
        static const char *const damaged[] = {
                "lines 6\nend\n",
                "lines 7\n",
                "end\n",
                "lines 7\nend\nmore\n",
                "task x\nlines 7\nend\n",
        };

        (void)end(NULL);
        for (size_t i = 0; i < ELEMENTSOF(damaged); i++) {
                _cleanup_(freep) char *text = xasprintf(MANIFEST "%s", damaged[i]);

                (void)begin(NULL);
                put("/var/cache/lago/manifest-aaaa", text);
                starts("api");
                says("STATUS=Reading the migrations of " API_IMAGE);
                says("READY=1");
                stops_well();
                (void)end(NULL);
        }
        (void)begin(NULL);
}

static void a_manifest_that_cannot_be_read_refuses_nothing(void **state _unused_) {
        assert_int_equal(unlink("/var/cache/lago/manifest-aaaa"), 0);
        assert_int_equal(symlink("/proc/self/mem", "/var/cache/lago/manifest-aaaa"), 0);
        starts("worker");
        says("STATUS=Cannot read the manifest of " API_IMAGE ": Input/output error");
        put("/var/cache/lago/new", MANIFEST "lines 7\nend\n");
        assert_int_equal(rename("/var/cache/lago/new", "/var/cache/lago/manifest-aaaa"), 0);
        says("READY=1");
        stops_well();
}

static void a_left_over_container_of_ours_is_replaced(void **state _unused_) {
        assert_int_equal(make_dirs(FAKE "/containers/lago-api", 0755), 0);
        put(FAKE "/containers/lago-api/label", "api\n");
        starts("api");
        says("READY=1");
        stops_well();
        called("gate-check,start lago-api,owner lago-api,rm lago-api,start lago-api,"
               "stop lago-api,rm lago-api,");
        logged("Removing a left-over container lago-api.");
}

/* --- waiting -------------------------------------------------------------------------------------------- */

static void what_is_pending_is_waited_for(void **state _unused_) {
        put(FAKE "/pending", "");
        starts("api");
        says("STATUS=1 migration pending: 20260709135717 add_x");
        put(FAKE "/migrated", "");
        says("STATUS=Serving");
        says("READY=1");
        logged("No longer \"1 migration pending: 20260709135717 add_x\", after ");
        stops_well();
        assert_true(times_called("start lago-api") == 1);
}

static void a_redis_that_is_away_is_waited_for(void **state _unused_) {
        run_file("redis", "STATE=resting\n");
        starts("worker");
        says("STATUS=Waiting for Redis: it does not serve yet; see lago-redis.service");
        /* Not after its rest, but at once. */
        run_file("redis", "STATE=serving\nADDRESS=127.0.0.1\n");
        says("READY=1");
        stops_well();
}

static void a_gate_that_was_killed_opens_nothing(void **state _unused_) {
        on("gate-check", "once; kill -KILL $$\n");
        starts("api");
        says("STATUS=lago-gate gave no verdict (signal 9)");
        says("READY=1");
        stops_well();
        called("gate-check,gate-check,start lago-api,stop lago-api,rm lago-api,");
}

static void what_a_server_says_is_fit_for_a_terminal(void **state _unused_) {
        on("gate-check", "once; say 20 VERDICT=unreachable $'SENTENCE=\\e[31mCaf\xc3\xa9\xff'\"$(printf 'x%.0s' {1..188})\xc3\xa9 and more\"\n");
        starts("api");
        says("STATUS=?[31mCaf\xc3\xa9?xxx");
        says("xxx\n");
        never_said("\xc3\n");
        never_said("and more");
        stops_well();
        logged("x\xc3\xa9 and more");
}

static void the_cause_of_a_lock_that_is_not_to_be_had_is_told(void **state _unused_) {
        put("/run/lago/admitted/lago.conf", CONF "[api]\nlisten = 127.0.0.2:3000\n");
        on("gate-hold", "once; echo 'sorry, too many clients already' >&2; exit 20\n");
        starts("clock");
        says("STATUS=Waiting for the lock of the one clock: sorry, too many clients already");
        says("READY=1");
        stops_well();
}

static void no_clock_ticks_behind_a_pooler(void **state _unused_) {
        on("gate-hold", "echo 'lago-gate: a pooler answers' >&2; exit 40\n");
        starts("clock");
        says("STATUS=Refused: a pooler stands before PostgreSQL, and keeps no lock for the one clock");
        logged("Let DATABASE_URL in lago.env name the PostgreSQL server itself");
        exits(EXIT_SERVER);
        assert_int_equal(times_called("start lago-clock"), 0);
}

static void a_clock_stands_by_for_another_one(void **state _unused_) {
        on("gate-hold",
           "echo 'standby 192.0.2.7'; until [ -e $fake/gone ]; do sleep 0.02; done; echo held; exec sleep 1000\n");
        starts("clock");
        says("STATUS=Standby: the clock at 192.0.2.7 runs on this database");
        says("READY=1");
        run_file_has("clock", "STATE", "standby");
        assert_int_equal(times_called("start lago-clock"), 0);
        put(FAKE "/gone", "");
        says("STATUS=Running v1.50.0");
        stops_well();
        never_said("READY=1\nREADY=1");
        assert_int_equal(times_called("gate-check"), 2);
}

/* Whoever holds the lock was told already, and is not told again: the standby must be found again without it. */
static void a_standby_stands_by_again_after_a_wait(void **state _unused_) {
        on("gate-hold", "echo 'standby 192.0.2.7'; exec sleep 1000\n");
        starts("clock");
        says("STATUS=Standby: the clock at 192.0.2.7 runs on this database");
        assert_int_equal(rename("/run/lago/state/db", "/run/lago/state/kept"), 0);
        assert_int_equal(rename("/run/lago/state/api", "/run/lago/state/moved"), 0);
        assert_int_equal(rename("/run/lago/state/moved", "/run/lago/state/api"), 0);
        says("STATUS=Waiting for PostgreSQL: it does not serve yet; see lago-db.service");
        assert_int_equal(rename("/run/lago/state/kept", "/run/lago/state/db"), 0);
        says("STATUS=Standby: the clock at 192.0.2.7 runs on this database");
        run_file_has("clock", "STATE", "standby");
        stops_well();
}

static void a_clock_whose_lock_is_lost_stops_and_takes_it_again(void **state _unused_) {
        on("gate-hold", "once; echo held; until [ -e $fake/gone ]; do sleep 0.02; done; exit 20\n");
        starts("clock");
        says("READY=1");
        put(FAKE "/gone", "");
        logged("The connection that holds the lock of the one clock is lost.");
        says("STATUS=Running v1.50.0");
        stops_well();
        assert_int_equal(times_called("start lago-clock"), 2);
}

/* --- a clock whose thread of ticks has ended ------------------------------------------------------------- */

#define CLOCK_CONF   CONF "[clock]\nsilence = 1s\n"
#define CLOCK_STARTS "trap 'exit 0' TERM; echo \"I, [x #1]  INFO -- : Starting clock for 3 events: [ a b c ]\"\n"
#define CLOCK_TICKS  "echo \"I, [x #1]  INFO -- : Triggering 'a'\"\n"
#define CLOCK_LIVES  "while :; do sleep 0.05; done\n"

static void a_clock_that_begins_no_job_any_more_is_started_again(void **state _unused_) {
        put("/run/lago/admitted/lago.conf", CLOCK_CONF);
        on("container", CLOCK_STARTS CLOCK_TICKS "if [ ! -e $fake/once ]; then : >$fake/once; " CLOCK_LIVES "fi\n"
                                                 "while :; do " CLOCK_TICKS "sleep 0.1; done\n");
        starts("clock");
        says("READY=1");
        says("STATUS=Not healthy for 1 s: it begins no job any more, although its process lives");
        logged("Not healthy: it begins no job any more");
        says("STATUS=Running v1.50.0");
        /* The second one ticks, and is left alone. */
        (void)usleep(2500000);
        assert_int_equal(times_called("start lago-clock"), 2);
        stops_well();
}

static void a_clock_that_never_says_that_it_begins_a_job_is_left_alone(void **state _unused_) {
        put("/run/lago/admitted/lago.conf", CLOCK_CONF);
        starts("clock");
        says("READY=1");
        (void)usleep(2500000);
        never_said("Not healthy");
        assert_int_equal(times_called("start lago-clock"), 1);
        stops_well();
}

static void a_silent_clock_is_only_told_of_where_nobody_is_to_be_restarted(void **state _unused_) {
        put("/run/lago/admitted/lago.conf",
            "[lago]\nrelease = v1.50.0\nfront-url = http://localhost:8080\napi-url = http://localhost:3000\n"
            "[health]\ninterval = 500ms\nrestart-after = 0\n[clock]\nsilence = 1s\n");
        on("container", CLOCK_STARTS CLOCK_TICKS "until [ -e $fake/go-on ]; do sleep 0.05; done\n" CLOCK_TICKS CLOCK_LIVES);
        starts("clock");
        says("READY=1");
        says("STATUS=Not healthy for 1 s");
        says("STATUS=Not healthy for 2 s");
        put(FAKE "/go-on", "");
        logged("Healthy again: it begins jobs.");
        says("STATUS=Running v1.50.0");
        assert_int_equal(times_called("start lago-clock"), 1);
        stops_well();
}

static void a_silent_clock_is_left_alone_while_redis_is_away(void **state _unused_) {
        put("/run/lago/admitted/lago.conf", CLOCK_CONF);
        on("container", CLOCK_STARTS CLOCK_TICKS CLOCK_LIVES);
        starts("clock");
        says("READY=1");
        run_file("redis", "STATE=serving\nADDRESS=127.0.0.9\nSINCE=1\n");
        says("; Redis is away, so not restarting");
        assert_int_equal(times_called("start lago-clock"), 1);
        run_file("redis", "STATE=serving\nADDRESS=127.0.0.1\nSINCE=1\n");
        logged("the container is stopped with its grace and started again");
        stops_well();
}

/* What it says waits in the pipe while nobody carries it to the journal. */
static void a_clock_whose_lines_are_not_read_is_not_silent(void **state _unused_) {
        put("/run/lago/admitted/lago.conf", CLOCK_CONF);
        on("container", CLOCK_STARTS "while :; do " CLOCK_TICKS "sleep 0.1; done\n");
        starts("clock");
        says("READY=1");
        signal_named("lago-relay", SIGSTOP);
        (void)usleep(2500000);
        never_said("Not healthy");
        signal_named("lago-relay", SIGCONT);
        assert_int_equal(times_called("start lago-clock"), 1);
        stops_well();
}

static void another_migrator_is_waited_for(void **state _unused_) {
        put(FAKE "/pending", "");
        on("gate-hold",
           "echo 'standby 192.0.2.7'; until [ -e $fake/gone ]; do sleep 0.02; done; echo held; exec sleep 1000\n");
        starts("migrate");
        says("STATUS=Waiting for another migrator: the one at 192.0.2.7");
        put(FAKE "/migrated", "");
        put(FAKE "/gone", "");
        says("STATUS=Schema verified");
        exits(0);
        assert_int_equal(times_called("start lago-migrate"), 0);
}

static void no_process_to_be_had_is_waited_for(void **state _unused_) {
        struct rlimit old, none;

        run_file("redis", "STATE=resting\n");
        starts("api");
        says("STATUS=Waiting for Redis");
        assert_int_equal(prlimit(life.pid, RLIMIT_NOFILE, NULL, &old), 0);
        none = (struct rlimit){.rlim_cur = 12, .rlim_max = old.rlim_max};
        on("gate-check", "once; kill -KILL $$\n");
        run_file("redis", "STATE=serving\nADDRESS=127.0.0.1\n");
        says("STATUS=lago-gate gave no verdict");
        assert_int_equal(prlimit(life.pid, RLIMIT_NOFILE, &none, NULL), 0);
        says(": Too many open files");
        assert_int_equal(prlimit(life.pid, RLIMIT_NOFILE, &old, NULL), 0);
        says("READY=1");
        stops_well();
}

/* --- migrate -------------------------------------------------------------------------------------------- */

static void its_own_environment_is_read_again_after_a_wait(void **state _unused_) {
        put(FAKE "/pending", "");
        put("/etc/lago/env.d/migrate.env", "MARK=old\n");
        on("gate-check",
           "once; say 20 VERDICT=unreachable 'SENTENCE=PostgreSQL does not answer'\n");
        starts("migrate");
        says("STATUS=PostgreSQL does not answer");
        put("/etc/lago/env.d/migrate.env", "MARK=new\n");
        says("READY=1");
        exits(0);
        file_has(FAKE "/environment", "MARK=new\n");
        file_has("/run/lago/admitted/env.d/migrate.env", "MARK=new\n");
}

/* Of /run nothing is left. */
static void the_host_boots(void) {
        (void)remove_tree("/run/lago/admitted");
        (void)unlink("/run/lago/apply");
        (void)unlink("/run/lago/started");
        put(FAKE "/calls", "");
        put(FAKE "/log", "");
        life.seen = strlen(life.said);
}

static void v1_50_0_is_admitted(void) {
        starts("migrate");
        says("STATUS=Schema verified: v1.50.0");
        exits(0);
}

static void a_boot_admits_nothing(void **state _unused_) {
        v1_50_0_is_admitted();
        the_host_boots();
        put("/etc/lago/lago.conf", "[lago]\nrelese = v1.51.0\n");
        put("/etc/lago/env.d/api.env", "MARK=new\n");
        starts("migrate");
        says("STATUS=Schema verified: v1.50.0");
        says("READY=1");
        exits(0);
        logged("Edited in /etc/lago and not applied: lago.conf, env.d/api.env. Lago goes on");
        /* Known by its id alone, whatever its name was pulled to since. */
        called("gate-check,");
        file_has("/run/lago/admitted/lago.conf", "release = v1.50.0\n");
        assert_int_equal(access("/run/lago/admitted/env.d/api.env", F_OK), -1);
}

static void what_is_applied_is_admitted(void **state _unused_) {
        v1_50_0_is_admitted();
        the_host_boots();
        put("/etc/lago/env.d/api.env", "MARK=new\n");
        put("/run/lago/apply", "");
        starts("migrate");
        says("READY=1");
        exits(0);
        file_has("/run/lago/admitted/env.d/api.env", "MARK=new\n");
        assert_int_equal(access("/run/lago/apply", F_OK), -1);
        assert_int_equal(access("/var/lib/lago/admitted.new", F_OK), -1);
}

/* Refused, it is asked for until the host boots. */
static void what_was_refused_is_given_up_at_a_boot(void **state _unused_) {
        v1_50_0_is_admitted();
        the_host_boots();
        put("/etc/lago/lago.conf", "[lago]\nrelese = v1.51.0\n");
        put("/run/lago/apply", "");
        starts("migrate");
        says("STATUS=Refused: configuration");
        exits(78);
        (void)end(NULL);
        listen_again();
        starts("migrate");
        says("STATUS=Refused: configuration");
        exits(78);
        (void)end(NULL);
        listen_again();
        the_host_boots();
        /* Nobody goes on with its copy, which holds keys, nor with what a power cut in the middle of two renames left. */
        assert_int_equal(access("/var/lib/lago/admitted.new", F_OK), 0);
        assert_int_equal(mkdir("/var/lib/lago/admitted.old", 0700), 0);
        put("/var/lib/lago/admitted.old/secrets.env", "SECRET_KEY_BASE=0123456789\n");
        starts("migrate");
        says("STATUS=Schema verified: v1.50.0");
        exits(0);
        assert_int_equal(access("/var/lib/lago/admitted.new", F_OK), -1);
        assert_int_equal(access("/var/lib/lago/admitted.old", F_OK), -1);
}

/* Half of its migrations may be in the database: nothing else fits that any more. */
static void a_power_cut_while_migrating_goes_on_with_the_same_copy(void **state _unused_) {
        v1_50_0_is_admitted();
        the_host_boots();
        put(FAKE "/pending", "");
        put("/etc/lago/env.d/migrate.env", "MARK=asked\n");
        put("/run/lago/apply", "");
        on("container", FOLLOWED "sleep 30\n");
        starts("migrate");
        says("STATUS=Migrating");
        file_has("/var/lib/lago/admitted.new/images", "API_IMAGE_ID=aaaa\n");
        until_there("/var/lib/lago/admitted.new/begun");
        assert_int_equal(kill(life.pid, SIGKILL), 0);
        (void)end(NULL);
        listen_again();
        empty(FAKE "/containers");
        the_host_boots();
        put("/etc/lago/env.d/migrate.env", "MARK=edited since\n");
        (void)unlink(FAKE "/on/container");
        starts("migrate");
        says("READY=1");
        exits(0);
        file_has("/run/lago/admitted/env.d/migrate.env", "MARK=asked\n");
}

static void a_copy_that_others_may_write_is_not_believed(void **state _unused_) {
        v1_50_0_is_admitted();
        the_host_boots();
        assert_int_equal(chmod("/var/lib/lago/admitted", 0777), 0);
        starts("migrate");
        says("STATUS=Refused: configuration");
        exits(78);
        logged("/var/lib/lago/admitted is not root's alone, or not whole");
}

static void migrations_go_on_without_their_monitor(void **state _unused_) {
        put(FAKE "/pending", "");
        on("container", FOLLOWED "until [ -e $fake/gone ]; do sleep 0.02; done\n");
        starts("migrate");
        says("STATUS=Migrating");
        kill_named("conmon");
        logged("The engine's monitor of the container was killed; the migrations go on without it.");
        put(FAKE "/gone", "");
        says("STATUS=Schema verified");
        exits(0);
        assert_int_equal(times_called("start lago-migrate"), 1);
        assert_int_equal(times_called("stop lago-migrate"), 0);
}

/* What the monitor does behind its container's end is nothing that the followers of the verdict wait for. */
static void nobody_waits_until_the_engine_has_tidied_up(void **state _unused_) {
        put(FAKE "/pending", "");
        on("container", FOLLOWED);
        on("tidy", "until [ -e $fake/tidied ]; do sleep 0.02; done\n");
        starts("migrate");
        says("READY=1");
        exits(0);
        assert_int_not_equal(access(FAKE "/tidied", F_OK), 0);
        put(FAKE "/tidied", "");
        assert_int_equal(times_called("start lago-migrate"), 1);
        assert_int_equal(times_called("rm lago-migrate"), 1);
}

static void a_run_that_failed_has_ended_when_its_monitor_has(void **state _unused_) {
        put(FAKE "/pending", "");
        on("container", FOLLOWED "exit 7\n");
        on("tidy", "until [ -e $fake/tidied ]; do sleep 0.02; done\n");
        starts("migrate");
        file_has(FAKE "/exits/lago-migrate", "7");
        (void)usleep(300000);
        never_logged("The run ended");
        put(FAKE "/tidied", "");
        logged("(exit 7); asking the database");
        stops_well();
}

static void a_first_load_that_was_cut_off_begins_anew(void **state _unused_) {
        put("/var/lib/lago/unfinished-load", "WHAT=volume lago_postgres_data\nBEGUN=yes\n");
        on("gate-check",
           "[ -e $fake/emptied ] || say 34 VERDICT=half-loaded 'SENTENCE=Refused: half-loaded'\n"
           "[ -e $fake/migrated ] || say 11 VERDICT=fresh 'SENTENCE=Empty database' FRESH=load SEEDS=yes ROLES=missing\n");
        on("gate-prepare-load", ": >$fake/emptied\n");
        on("container", FOLLOWED);
        starts("migrate");
        says("STATUS=Schema verified");
        exits(0);
        logged("The first load of the schema was cut off, and no table holds a row");
        called("image-inspect " API_IMAGE " " FRONT_IMAGE
               ",gate-check,gate-hold,gate-check,gate-prepare-load,"
               "gate-check,start lago-migrate,gate-watch,gate-check,rm lago-migrate,");
        assert_int_equal(access("/var/lib/lago/unfinished-load", F_OK), -1);
}

#define BEGINS_ONE "echo '== 20260709135717 AddX: migrating ======'\n"

static void a_migration_that_fails_twice_is_refused(void **state _unused_) {
        put(FAKE "/pending", "");
        on("container", BEGINS_ONE "exit 1\n");
        starts("migrate");
        says("STATUS=Migration failed at 20260709135717 (exit 1); again in 1 s");
        says("STATUS=Refused: migration 20260709135717 failed twice (exit 1)");
        exits(83);
}

static void rails_that_dies_at_its_start_is_told_as_that(void **state _unused_) {
        put(FAKE "/pending", "");
        on("container", "echo 'rails aborted!'; exit 1\n");
        starts("migrate");
        says("STATUS=Rails ended before it began a migration (exit 1); again in 1 s");
        says("STATUS=Refused: Rails ended twice before it began a migration (exit 1)");
        exits(83);
        never_said("Migration failed");
}

/* The two are no two of one. */
static void a_start_and_a_migration_that_fail_are_two_things(void **state _unused_) {
        put(FAKE "/pending", "");
        on("container", "if [ -e $fake/second ]; then " BEGINS_ONE "else : >$fake/second; fi; exit 1\n");
        starts("migrate");
        says("STATUS=Rails ended before it began a migration (exit 1); again in 1 s");
        says("STATUS=Migration failed at 20260709135717 (exit 1)");
        says("STATUS=Refused: migration 20260709135717 failed twice (exit 1)");
        exits(83);
}

static void a_load_that_fails_is_told_as_that(void **state _unused_) {
        on("gate-check", "say 11 VERDICT=fresh 'SENTENCE=An empty database' FIRST=20260709135717 MISSING=12 NEEDED=12 FRESH=load\n");
        on("container", "if [ -e $fake/second ]; then echo 'psql:/app/db/structure.sql:12: ERROR:  no'; fi; : >$fake/second; exit 1\n");
        starts("migrate");
        says("STATUS=Rails ended before it began a migration (exit 1); again in 1 s");
        says("STATUS=Migration failed at structure.sql (exit 1)");
        says("STATUS=Refused: the load of structure.sql failed twice (exit 1)");
        exits(83);
}

static void what_keeps_rails_from_starting_may_pass(void **state _unused_) {
        put(FAKE "/pending", "");
        on("container",
           "[ -e $fake/excuse ] || { echo 'Failed to open TCP connection' >$fake/excuse; exit 1; }\n");
        starts("migrate");
        says("STATUS=Rails ended before it began a migration: an HTTP server was away; again in 1 s");
        says("STATUS=Schema verified");
        exits(0);
}

static void rails_that_starts_migrates_nothing_yet(void **state _unused_) {
        put(FAKE "/pending", "");
        on("gate-watch", "echo 0 26 - - - - - - - - - - - -; until [ -e $fake/go ]; do sleep 0.02; done\n"
                         "echo 0 26 20260709135717 add_x - - - - - - - - - -; exec sleep 1000\n");
        on("container", "until [ -e $fake/done ]; do sleep 0.02; done\n");
        starts("migrate");
        says("STATUS=Starting Rails to migrate to v1.50.0 (26 pending), 0 s");
        put(FAKE "/go", "");
        says("STATUS=Migrating 1 of 26: 20260709135717 add_x");
        put(FAKE "/done", "");
        exits(0);
}

static void what_a_migration_failed_of_may_pass(void **state _unused_) {
        put(FAKE "/pending", "");
        on("container",
           BEGINS_ONE "[ -e $fake/excuse ] || { echo 'PG::DiskFull: ERROR' >$fake/excuse; exit 1; }\n");
        starts("migrate");
        says("STATUS=Migration failed at 20260709135717: no space left on device; again in 1 s");
        says("STATUS=Schema verified");
        exits(0);
}

static void what_is_pending_waits_for_the_operator(void **state _unused_) {
        put(FAKE "/pending", "");
        put("/etc/lago/lago.conf", CONF "[migrate]\nautomatic = no\n");
        starts("migrate");
        says("STATUS=Waiting for \"lagoctl migrate\": 1 pending, automatic = no; the schema is of v1.49.0");
        put("/run/lago/migrate-once", "");
        says("STATUS=Schema verified");
        exits(0);
}

/* --- serving -------------------------------------------------------------------------------------------- */

static void a_container_that_ends_is_started_again(void **state _unused_) {
        on("container", "[ -e $fake/again ] || { : >$fake/again; sleep 0.3; exit 7; }\n");
        starts("worker");
        says("STATUS=Ended 1 times in 10 min (exit 7); again at once");
        says("STATUS=Running v1.50.0");
        stops_well();
        /* The verdict is a new one. */
        assert_int_equal(times_called("gate-check"), 2);
}

static void a_monitor_that_is_killed_ends_its_container(void **state _unused_) {
        starts("worker");
        says("READY=1");
        kill_named("conmon");
        logged("The engine's monitor of the container was killed; stopping the container.");
        says("STATUS=Running v1.50.0");
        stops_well();
        assert_int_equal(times_called("start lago-worker"), 2);
}

static void a_relay_that_is_killed_is_replaced(void **state _unused_) {
        starts("clock");
        says("READY=1");
        on("container", "exit 99\n"); /* were it started again */
        kill_named("lago-relay");
        logged("The relay of the container's output ended (signal 9)");
        stops_well();
        assert_int_equal(times_called("start lago-clock"), 1);
}

static void a_sick_container_is_started_again(void **state _unused_) {
        /* Whether Redis answers is asked first, with the password that was admitted. */
        put("/run/lago/admitted/secrets.env", SECRETS "REDIS_PASSWORD=Geh3im\n");
        put(FAKE "/password", "Geh3im\n");
        starts("worker");
        says("READY=1");
        put(FAKE "/sick", "");
        says("STATUS=Not healthy for 1 s: / answers 503");
        logged("Not healthy; the container is stopped with its grace and started again.");
        assert_int_equal(unlink(FAKE "/sick"), 0);
        says("STATUS=Running v1.50.0");
        stops_well();
        assert_int_equal(times_called("start lago-worker"), 2);
        assert_int_equal(times_called("stop lago-worker"), 2);
}

static void a_redis_on_a_full_disk_is_left_alone(void **state _unused_) {
        starts("redis");
        says("READY=1");
        put(FAKE "/full", "");
        says("STATUS=Not healthy for 8 s: cannot write its log of jobs: No space left on device; not restarting");
        assert_int_equal(unlink(FAKE "/full"), 0);
        says("STATUS=Serving docker.io/library/redis:7-alpine");
        stops_well();
        assert_int_equal(times_called("start lago-redis"), 1);
        assert_int_equal(times_called("stop lago-redis"), 1);
}

static void a_torn_log_of_redis_is_told_with_what_mends_it(void **state _unused_) {
        on("container", "[ -e $fake/mended ] || { echo 'Bad file format reading the append only file appendonly.aof.1.incr.aof: "
                        "make a backup of your AOF file, then use ./redis-check-aof --fix <filename.manifest>'; exit 1; }\n");
        starts("redis");
        logged("--entrypoint redis-check-aof docker.io/library/redis:7-alpine --fix /data/appendonlydir/appendonly.aof.manifest");
        put(FAKE "/mended", "");
        says("READY=1");
        stops_well();
}

static void an_external_database_is_watched(void **state _unused_) {
        put("/etc/lago/lago.conf", CONF "[database]\nmode = external\n");
        put("/etc/lago/lago.env", "DATABASE_URL=postgresql://lago:k2hZbq7xTfA0@db.example.org:5432/lago\n");
        starts("db");
        says("STATUS=Watching PostgreSQL 15.6 at db:5432");
        says("READY=1");
        on("gate-ping", "say 20 'SENTENCE=PostgreSQL at db.example.org:5432 does not answer'\n");
        says("STATUS=Not healthy for 1 s: PostgreSQL at db.example.org:5432 does not answer");
        run_file_has("db", "SICK", "yes");
        assert_int_equal(unlink(FAKE "/on/gate-ping"), 0);
        says("STATUS=Watching PostgreSQL 15.6 at db:5432");
        stops_well();
        assert_int_equal(times_called("start lago-db"), 0);
}

static void a_password_that_was_refused_is_waited_for(void **state _unused_) {
        put("/etc/lago/lago.conf", CONF "[database]\nmode = external\n");
        put("/etc/lago/lago.env", "DATABASE_URL=postgresql://lago:k2hZbq7xTfA0@db.example.org:5432/lago\n");
        on("gate-ping", "once; say 21 'SENTENCE=Waiting for database: password rejected for \"lago\"'\n");
        starts("db");
        says("STATUS=Waiting for database: password rejected for \"lago\"");
        says("READY=1");
        stops_well();
}

static void a_missing_table_is_told_once_and_in_the_status(void **state _unused_) {
        on("container", "( sleep 0.7; echo 'PG::UndefinedTable: ERROR:  relation \"fees\" does not exist' ) &\n");
        starts("worker");
        says("READY=1");
        says("STATUS=Running v1.50.0, but relation \"fees\" does not exist");
        logged("lago-worker.service: relation \"fees\" does not exist, although the schema was verified.");
        stops_well();
}

static void the_last_lines_of_one_that_ended_are_told(void **state _unused_) {
        on("container", "[ ! -e $fake/again ] || exec sleep 1000; : >$fake/again; echo 'out of luck'; sleep 0.2; exit 7\n");
        starts("pdf");
        logged("Its last lines (exit 7): out of luck");
        stops_well();
}

/* --- a stop, whatever the state ------------------------------------------------------------------------- */

typedef struct Stop {
        const char *member, *what, *script; /* what a stand-in does to stay in the state */
        const char *says;
        const char *calls; /* all of them */
} Stop;

static void stop_is_obeyed(const Stop *stop) {
        (void)begin(NULL);
        if (stop->what && streq(stop->what, "pull"))
                put(FAKE "/images", "");
        if (stop->what)
                on(stop->what, stop->script);
        else
                run_file("redis", "STATE=resting\n");
        starts(stop->member);
        says(stop->says);
        /* What it then still does by itself. */
        if (streq(stop->says, "STATUS=Standby"))
                until_called("owner lago-clock");
        (void)usleep(100000);
        stops_well();
        called(stop->calls);
        (void)end(NULL);
}

static void a_stop_is_obeyed_in_each_state(void **state _unused_) {
        static const Stop stops[] = {
                {"api", NULL, NULL, "STATUS=Waiting for Redis", ""},
                {"api", "gate-check", "exec sleep 1000\n", "STATUS=Checking", "gate-check,"},
                /* A start in flight is let finish. */
                {"api", "start", "sleep 0.5\n", "STATUS=Starting",
                 "gate-check,start lago-api,stop lago-api,rm lago-api,"},
                {"api", "container", "exec sleep 1000\n", "STATUS=Starting",
                 "gate-check,start lago-api,stop lago-api,rm lago-api,"},
                {"clock", "gate-hold", "echo 'standby 192.0.2.7'; exec sleep 1000\n",
                 "STATUS=Standby", "gate-check,gate-hold,owner lago-clock,"},
                {"clock", "gate-hold", "exec sleep 1000\n", "STATUS=Checking", "gate-check,gate-hold,"},
                {"pdf", "pull", "exec sleep 1000\n", "STATUS=Pulling",
                 "start lago-pdf,pull docker.io/getlago/lago-gotenberg:7.8.2,"},
                {"pdf", "start", "fail 'no luck'\n", "STATUS=Cannot start the container: no luck",
                 "start lago-pdf,"},
                /* One that was made, and not started, is not left behind. */
                {"pdf", "start", "make; fail 'no luck'\n", "STATUS=Cannot start the container: no luck",
                 "start lago-pdf,rm lago-pdf,"},
                {"pdf", "start", "make; rm $id_file; kill -KILL $$\n", "STATUS=Cannot start the container: signal 9",
                 "start lago-pdf,owner lago-pdf,rm lago-pdf,"},
                /* Podman 4.3 exits with 0 when it gets a SIGTERM, with what it was about to start or without. */
                {"pdf", "start", "make; exit 0\n", "STATUS=Cannot start the container: signal 15",
                 "start lago-pdf,rm lago-pdf,"},
                {"pdf", "start", "make; rm $id_file; exit 0\n", "STATUS=Cannot start the container: signal 15",
                 "start lago-pdf,owner lago-pdf,rm lago-pdf,"},
                /* And with a container whose first process still is the engine's own, that waits to be let begin. */
                {"pdf", "start", "cp /bin/sleep $fake/runtime\n"
                                 "echo ': >\"$place/up\"; exec $fake/runtime 1000' >$fake/on/network\n"
                                 "make; begin; rm $fake/runtime $fake/on/network; exit 0\n",
                 "STATUS=Cannot start the container: signal 15", "start lago-pdf,rm lago-pdf,"},
        };

        (void)end(NULL);
        for (size_t i = 0; i < ELEMENTSOF(stops); i++)
                stop_is_obeyed(&stops[i]);
        (void)begin(NULL);
}

static void a_stop_while_an_old_container_is_removed_makes_no_new_one(void **state _unused_) {
        assert_int_equal(make_dirs(FAKE "/containers/lago-pdf", 0755), 0);
        put(FAKE "/containers/lago-pdf/label", "pdf\n");
        on("rm", "sleep 0.5\n");
        starts("pdf");
        logged("Removing a left-over container lago-pdf.");
        stops_well();
        assert_int_equal(times_called("start lago-pdf"), 1);
}

/* Also the answer that it was all is still heard: nothing is pending, and the next start finds it so. */
static void a_stop_waits_for_migrations(void **state _unused_) {
        put(FAKE "/pending", "");
        on("container", "until [ -e $fake/gone ]; do sleep 0.02; done\n");
        starts("migrate");
        says("STATUS=Migrating");
        is_asked_to_stop();
        says("STATUS=Stop asked, waiting for it. Migrating");
        assert_int_equal(times_called("stop lago-migrate"), 0);
        put(FAKE "/gone", "");
        exits(0);
        assert_int_equal(access(FAKE "/migrated", F_OK), 0);
        assert_int_equal(times_called("rm lago-migrate"), 1);
}

/* --- refusals ------------------------------------------------------------------------------------------- */

typedef struct Refusal {
        const char *member, *path, *text; /* what is wrong */
        const char *says;
        int status;
} Refusal;

static void is_refused(const Refusal *refusal) {
        (void)begin(NULL);
        put(refusal->path, refusal->text);
        starts(refusal->member);
        says(refusal->says);
        exits(refusal->status);
        never_said("READY=1");
        (void)end(NULL);
}

#define ON FAKE "/on/"

static void what_can_never_be_is_refused_with_its_own_status(void **state _unused_) {
        static const Refusal refusals[] = {
                {"api", ON "gate-check",
                 "say 30 VERDICT=ahead 'SENTENCE=Refused: the database is ahead'\n",
                 "STATUS=Refused: the database is ahead", 80},
                {"api", ON "gate-check",
                 "say 37 VERDICT=wrong-major 'SENTENCE=Refused: PostgreSQL 9'\n",
                 "STATUS=Refused: PostgreSQL 9", 84},
                {"migrate", ON "gate-check",
                 "say 33 VERDICT=invisible 'SENTENCE=Refused: invisible'\n",
                 "STATUS=Refused: invisible", 80},
                {"api", "/run/lago/admitted/lago.conf", "[lago]\nrelese = v1.50.0\n",
                 "STATUS=Refused: configuration", 78},
                {"api", "/run/lago/admitted/env.d/api.env", "no pair\n",
                 "STATUS=Refused: configuration", 78},
                {"pdf", "/etc/lago/lago.conf", CONF "[pdf]\nenabled = no\n",
                 "STATUS=Refused: pdf is switched off", 78},
                {"worker@events", "/run/lago/admitted/lago.conf", CONF "[worker]\npools = events\n",
                 "STATUS=Refused: v1.50.0 has no scripts/start.events.worker.sh", 81},
                {"worker", "/run/lago/state/db", "STATE=ended\nSTATUS=Refused: a reason\nEXIT=84\n",
                 "STATUS=lago-db failed: Refused: a reason", 79},
        };

        (void)end(NULL);
        for (size_t i = 0; i < ELEMENTSOF(refusals); i++)
                is_refused(&refusals[i]);
        (void)begin(NULL);
}

/* Opened, and its reading ends in EIO: that may pass, and systemd starts it again. */
static void what_cannot_be_read_yet_is_no_refusal(void **state _unused_) {
        assert_int_equal(symlink("/proc/self/mem", "/run/lago/admitted/env.d/api.env"), 0);
        starts("api");
        says("STATUS=Cannot read the configuration yet; see the journal");
        exits(75);
        logged("/run/lago/admitted/env.d/api.env: cannot be read: Input/output error");
}

static void nor_is_a_configuration_that_cannot_be_read_yet(void **state _unused_) {
        assert_int_equal(unlink("/run/lago/admitted/lago.env"), 0);
        assert_int_equal(symlink("/proc/self/mem", "/run/lago/admitted/lago.env"), 0);
        starts("api");
        says("STATUS=Cannot read the configuration yet; see the journal");
        exits(75);
}

static void nor_is_a_file_that_cannot_be_copied_yet(void **state _unused_) {
        assert_int_equal(symlink("/proc/self/mem", "/etc/lago/env.d/migrate.env"), 0);
        starts("migrate");
        says("STATUS=Cannot read the configuration yet; see the journal");
        exits(75);
        logged("Cannot copy /etc/lago to /var/lib/lago/admitted.new: Input/output error.");
}

static void data_of_another_major_version_is_refused(void **state _unused_) {
        empty(FAKE "/volume");
        put(FAKE "/volume/PG_VERSION", "13\n");
        on("container", "exit 1\n");
        starts("db");
        says("STATUS=Refused: the data is of PostgreSQL 13, the image has 15; see database of [images]");
        exits(84);
}

/* Somebody in the container has put a link there, and a pipe. */
static void what_is_no_file_in_a_volume_is_not_read(void **state _unused_) {
        empty(FAKE "/volume");
        assert_int_equal(symlink(FAKE "/secret", FAKE "/volume/PG_VERSION"), 0);
        put(FAKE "/secret", "13\n");
        on("container", "exit 1\n");
        starts("db");
        says("STATUS=Ended 2 times in 10 min (exit 1)");
        assert_int_equal(unlink(FAKE "/volume/PG_VERSION"), 0);
        assert_int_equal(mkfifo(FAKE "/volume/PG_VERSION", 0600), 0);
        says("STATUS=Ended 3 times in 10 min (exit 1)");
        stops_well();
        never_said("Refused");
}

static void an_image_that_no_registry_has_is_refused(void **state _unused_) {
        put(FAKE "/images", "");
        on("pull",
           "fail \"initializing source docker://$name: reading manifest: manifest unknown\"\n");
        starts("redis");
        says("STATUS=Refused: the registry has no docker.io/library/redis:7-alpine");
        exits(81);
}

static void a_front_that_stays_behind_is_warned_of_at_each_admission(void **state _unused_) {
        put("/etc/lago/lago.conf", CONF "[images]\nfront = getlago/front:v1.46.0\n");
        put(FAKE "/images", API_IMAGE " aaaa\ndocker.io/getlago/front:v1.46.0 bbbb\n");
        for (int i = 1; i <= 2; i++) {
                put(FAKE "/log", "");
                starts("migrate");
                says("READY=1");
                exits(0);
                logged("front = getlago/front:v1.46.0 stays behind v1.50.0");
        }
}

/* A release that is newer than our table, tagged for the API alone. */
#define LATER_CONF \
        "[lago]\nrelease = v1.99.2\nfront-url = http://localhost:8080\napi-url = http://localhost:3000\n"

static void a_release_without_a_front_runs_that_of_the_patch_before(void **state _unused_) {
        put("/etc/lago/lago.conf", LATER_CONF);
        put(FAKE "/images", "docker.io/getlago/api:v1.99.2 aaaa\n");
        on("pull", "[[ $name == *:v1.99.0 ]] || fail \"initializing source docker://$name: reading manifest: manifest unknown\"\n");
        starts("migrate");
        says("READY=1");
        exits(0);
        called("image-inspect docker.io/getlago/api:v1.99.2 docker.io/getlago/front:v1.99.2,"
               "image-inspect docker.io/getlago/api:v1.99.2,"
               "image-inspect docker.io/getlago/front:v1.99.2,pull docker.io/getlago/front:v1.99.2,"
               "image-inspect docker.io/getlago/front:v1.99.1,pull docker.io/getlago/front:v1.99.1,"
               "image-inspect docker.io/getlago/front:v1.99.0,pull docker.io/getlago/front:v1.99.0,sync ,"
               "image-inspect docker.io/getlago/front:v1.99.0,gate-check,owner lago-migrate,");
        logged("The registry has no docker.io/getlago/front:v1.99.2, so Lago has tagged that release for the API alone");
        file_has("/run/lago/admitted/images", "FRONT_IMAGE=docker.io/getlago/front:v1.99.0\n");
        starts("front");
        says("STATUS=Serving");
        file_has("/run/lago/state/front", "IMAGE=docker.io/getlago/front:v1.99.0\n");
        stops_well();
}

static void a_release_whose_minor_has_no_front_is_refused(void **state _unused_) {
        put("/etc/lago/lago.conf", LATER_CONF);
        put(FAKE "/images", "docker.io/getlago/api:v1.99.2 aaaa\n");
        on("pull", "fail \"initializing source docker://$name: reading manifest: manifest unknown\"\n");
        starts("migrate");
        says("STATUS=Refused: the registry has no docker.io/getlago/front:v1.99.0; see release and [images] in lago.conf, where");
        exits(81);
        for (unsigned patch = 0; patch <= 2; patch++) {
                _cleanup_(freep) char *pull = xasprintf("pull docker.io/getlago/front:v1.99.%u", patch);

                assert_int_equal(times_called(pull), 1);
        }
}

static void an_image_without_migrations_is_refused(void **state _unused_) {
        assert_int_equal(unlink("/var/cache/lago/manifest-aaaa"), 0);
        on("gate-manifest", "exit 65\n");
        starts("migrate");
        says("STATUS=Refused: " API_IMAGE " holds no migrations of Lago");
        exits(81);
        assert_int_equal(times_called("rm lago-migrate-files"), 1);
}

static void a_container_of_somebody_else_is_refused(void **state _unused_) {
        assert_int_equal(make_dirs(FAKE "/containers/lago-pdf", 0755), 0);
        put(FAKE "/containers/lago-pdf/label", "\n");
        starts("pdf");
        says("STATUS=Refused: a container lago-pdf that is not ours exists; rename or remove it");
        exits(85);
        assert_int_equal(access(FAKE "/containers/lago-pdf/label", F_OK), 0);
}

static void a_port_of_somebody_else_is_refused(void **state _unused_) {
        put("/run/lago/admitted/lago.conf", CONF "[api]\nlisten = 127.0.0.2:3000\n");
        starts("api");
        says("STATUS=Refused: another program listens on 127.0.0.2:3000");
        exits(85);
        assert_int_equal(times_called("start lago-api"), 0);
}

/* --- whatever fails, it serves or is started again ---------------------------------------------------------- */

static bool ended(int *status) {
        if (life.pid > 0 && waitpid(life.pid, status, WNOHANG) == 0)
                return false;
        life.pid = 0;
        return true;
}

/* Until it says @words, for as long as it lives and @seconds. */
static bool comes_to_say(const char *words, unsigned seconds, int *status) {
        uint64_t until = now_usec() + seconds * USEC_PER_SEC;

        while (!strstr(life.said, words) && now_usec() < until && !ended(status))
                hear(10);
        return strstr(life.said, words) != NULL;
}

/* Whoever is asked to stop comes to an end, and with a status behind which systemd starts it again. */
static void ends_as_it_may(int *status, const char *title) {
        uint64_t until = now_usec() + 2 * PATIENCE * USEC_PER_SEC;

        if (life.pid > 0)
                is_asked_to_stop();
        while (!ended(status) && now_usec() < until)
                hear(10);
        if (life.pid > 0)
                give_up("it never ended", title);
        if (!WIFEXITED(*status) || (WEXITSTATUS(*status) != 0 && WEXITSTATUS(*status) != EXIT_OSERR &&
                                    WEXITSTATUS(*status) != EXIT_TEMPFAIL)) {
                _cleanup_(freep) char *how = xasprintf("0x%x after %s (%s)", (unsigned)*status, title, fault.report->name);

                give_up("it ended with a signal or for good", how);
        }
}

static void one_life_with_a_fault(const char *member, FaultKind kind, uint32_t nth, bool may_serve) {
        _cleanup_(freep) char *title = xasprintf("%s %u", fault_kinds[kind].name, nth);
        int status = 0;
        bool serves;

        expect_fault(kind, nth);
        starts(member);
        serves = comes_to_say("READY=1", may_serve ? PATIENCE : 1, &status);
        if (serves && !may_serve)
                give_up("it is ready, with a schema that is not verified", title);
        if (serves && !strstr(life.said, "schema 12 of 12"))
                give_up("it is ready without a word of the schema", title);
        ends_as_it_may(&status, title);
        forget_fault();
}

/* So many lives for each kind, from the first call to the last of a life in which none fails. */
static void lives_with_faults(void **state, bool may_serve) {
        const char *soak = getenv("SOAK");
        uint32_t most = soak ? 40 : 1, calls[_FAULT_KIND_MAX];

        expect_fault(FAULT_look, /* nth= */ UINT32_MAX);
        starts("api");
        if (may_serve)
                says("READY=1");
        else
                says("STATUS=1 migration pending");
        stops_well();
        memcpy(calls, fault.report->calls, sizeof(calls));
        forget_fault();
        for (FaultKind kind = 0; kind < _FAULT_KIND_MAX; kind++)
                for (uint32_t i = 0; i < most && i < calls[kind]; i++) {
                        end(state);
                        begin(state);
                        if (!may_serve)
                                put(FAKE "/pending", "");
                        one_life_with_a_fault("api", kind, 1 + (uint32_t)((calls[kind] - 1) * (uint64_t)(2 * i + 1) / (2 * most)), may_serve);
                }
}

static void whatever_call_fails_it_serves_or_is_started_again(void **state) {
        lives_with_faults(state, /* may_serve= */ true);
}

static void whatever_call_fails_what_is_pending_is_never_ready(void **state) {
        put(FAKE "/pending", "");
        lives_with_faults(state, /* may_serve= */ false);
}

/* --- what a start meets --------------------------------------------------------------------------------- */

static void a_container_that_cannot_be_started_is_made_again(void **state _unused_) {
        on("start", "once; make; fail 'crun: cannot set memory limit: Device or resource busy'\n");
        starts("pdf");
        says("STATUS=Cannot start the container: crun: cannot set memory limit");
        logged("podman cannot start the container (exit 125)");
        says("READY=1");
        logged("No longer \"Cannot start the container");
        stops_well();
        assert_int_equal(times_called("start lago-pdf"), 2);
}

static void an_image_for_another_processor_is_refused(void **state _unused_) {
        on("start", "make; fail 'exec /usr/bin/gotenberg: exec format error'\n");
        put(FAKE "/machine", "s390x\n");
        starts("pdf");
        says("STATUS=Refused: docker.io/getlago/lago-gotenberg:7.8.2 is not made for this host's processor");
        exits(81);
        assert_int_equal(times_called("rm lago-pdf"), 1);
}

/* A power cut leaves programs empty, which the kernel calls by the same words. */
static void a_program_that_was_emptied_is_pulled_again(void **state _unused_) {
        struct utsname here;

        assert_int_equal(uname(&here), 0);
        put(FAKE "/machine", streq(here.machine, "x86_64") ? "amd64" : streq(here.machine, "aarch64") ? "arm64"
                                                                                                      : here.machine);
        on("start", "[ ! -e $fake/damaged ] || { make; fail 'exec /usr/bin/gotenberg: exec format error'; }\n");
        put(FAKE "/damaged", "");
        on("pull", "echo \"$name cccc\" >>$fake/images; exit 0\n");
        starts("pdf");
        logged("is not whole on the disk, as after a power cut (exec /usr/bin/gotenberg: exec format error): removed, and pulled");
        says("READY=1");
        stops_well();
        assert_int_equal(times_called("image-rm docker.io/getlago/lago-gotenberg:7.8.2"), 1);
        on("start", "make; fail 'exec /usr/bin/gotenberg: exec format error'\n");
        starts("pdf");
        says("STATUS=docker.io/getlago/lago-gotenberg:7.8.2 is damaged, although it was pulled again: exec /usr/bin/gotenberg");
        stops_well();
}

static void a_network_that_is_gone_is_waited_for(void **state _unused_) {
        on("start", "once; fail 'unable to find network with name or ID lago: network not found'\n");
        starts("pdf");
        says("STATUS=The network lago is gone; \"systemctl restart lago-setup\" makes it");
        says("READY=1");
        stops_well();
}

static void a_name_that_is_half_made_is_freed(void **state _unused_) {
        on("start", "[ -e $fake/freed ] || fail 'the container name \"lago-pdf\" is already in use by f00'\n");
        on("half-made", "echo storage; exit 0\n");
        on("rm", ": >$fake/freed\n");
        starts("pdf");
        logged("Removing a left-over container lago-pdf.");
        says("READY=1");
        stops_well();
}

static void a_name_that_is_free_again_is_tried_once_more(void **state _unused_) {
        on("start", "once; fail 'the container name \"lago-pdf\" is already in use by f00'\n");
        starts("pdf");
        says("STATUS=The name lago-pdf was taken and is free again; once more");
        says("READY=1");
        stops_well();
}

static void what_a_killed_start_left_of_the_network_is_taken_back(void **state _unused_) {
        assert_int_equal(make_dirs("/run/containers/networks/aardvark-dns", 0755), 0);
        put("/run/containers/networks/aardvark-dns/lago",
            "10.89.0.1\nffff0123456789 10.89.0.77  lago-pdf,pdf,ffff01234567\n");
        assert_int_equal(system("ip netns add left && ip -n left link add eth0 type veth peer name eth1 && "
                                "ip -n left address add 10.89.0.77/24 dev eth0 && ip -n left link set eth0 up"),
                         0);
        assert_int_equal(make_dirs("/usr/libexec/podman", 0755), 0);
        put("/usr/libexec/podman/netavark", "#!/bin/sh\necho \"$3 $4\" >>/run/fake/netavark; cat >>/run/fake/netavark\n");
        assert_int_equal(chmod("/usr/libexec/podman/netavark", 0755), 0);
        starts("pdf");
        logged("A start that was killed has left its network (10.89.0.77) behind: taking it back.");
        says("READY=1");
        file_has(FAKE "/netavark", "\"container_id\":\"ffff0123456789\"");
        stops_well();
        (void)unlink("/run/containers/networks/aardvark-dns/lago");
        assert_int_equal(access("/run/netns/left", F_OK), -1);
}

/* podman's name server, as /proc shows it: by its program, too. */
static pid_t start_name_server(void) {
        pid_t pid;

        assert_int_equal(system("cp --remove-destination /usr/bin/perl " FAKE "/aardvark-dns"), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
                (void)execl(FAKE "/aardvark-dns", "aardvark-dns", "-e", "open $f, '>', '/run/fake/named'; sleep 1000",
                            "/run/containers/networks/aardvark-dns", (char *)NULL);
                _exit(127);
        }
        for (int i = 0; i < 500 && access("/run/fake/named", F_OK) < 0; i++)
                (void)usleep(10000);
        assert_int_equal(unlink("/run/fake/named"), 0);
        return pid;
}

static void ended_by(pid_t pid, int sig) {
        int status;

        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == sig);
}

static void two_name_servers_that_a_killed_start_has_left_are_ended(void **state _unused_) {
        pid_t one = start_name_server(), other = start_name_server();

        on("start", "once; kill -KILL $$\n");
        starts("pdf");
        logged("podman cannot start the container (signal 9)");
        logged("The start that was killed has left two name servers of podman; ending both.");
        ended_by(one, SIGTERM);
        ended_by(other, SIGTERM);
        says("READY=1");
        stops_well();
}

static void a_container_that_cannot_be_removed_is_told_and_kept_in_mind(void **state _unused_) {
        starts("pdf");
        says("READY=1");
        on("rm", "fail 'container lago-pdf is busy'\n");
        stops_well();
        logged("podman cannot remove the container: container lago-pdf is busy");
        run_file_has("pdf", "CONTAINER", "lago-pdf");
        assert_int_equal(times_called("rm lago-pdf"), 2);
}

static void a_sick_pull_is_tried_again(const char *words, const char *status) {
        _cleanup_(freep) char *script = xasprintf("once; fail '%s'\n", words);

        put(FAKE "/images", "");
        on("pull", script);
        starts("redis");
        says(status);
        says("READY=1");
        stops_well();
}

static void a_pull_that_fills_the_disk_is_tried_again(void **state _unused_) {
        a_sick_pull_is_tried_again("writing blob: no space left on device", "STATUS=Pull failed: no space left on device; again in 1 s");
}

static void a_pull_that_fails_is_tried_again(void **state _unused_) {
        a_sick_pull_is_tried_again("dial tcp: connection refused", "STATUS=Pull failed: dial tcp: connection refused; again in 1 s");
        logged("Pull of docker.io/library/redis:7-alpine failed");
}

static void nothing_is_pulled_where_that_was_forbidden(void **state _unused_) {
        put(FAKE "/images", "");
        put("/etc/lago/lago.conf", CONF "[images]\npull = never\n");
        starts("redis");
        says("STATUS=Refused: docker.io/library/redis:7-alpine is not on this host, and pull = never in lago.conf");
        exits(81);
}

static void a_look_into_an_image_that_was_cut_off_begins_anew(void **state _unused_) {
        assert_int_equal(unlink("/var/cache/lago/manifest-aaaa"), 0);
        on("create-files", "once; fail 'the container name \"lago-api-files\" is already in use by f00'\n");
        starts("api");
        says("READY=1");
        stops_well();
        assert_int_equal(times_called("rm lago-api-files"), 2);
}

/* --- what serves ---------------------------------------------------------------------------------------- */

static void an_api_that_is_not_reached_has_its_network_made_again(void **state _unused_) {
        starts("api");
        says("READY=1");
        logged("Healthy, but not reached at 127.0.0.1:3000 (connection refused): the engine makes its network again.");
        says("STATUS=Serving v1.50.0, but not reached at 127.0.0.1:3000");
        logged("making its network again did not help");
        stops_well();
        assert_int_equal(times_called("network-reload lago-api"), 1);
}

static void a_network_that_resolves_no_names_is_made_again(void **state _unused_) {
        pid_t server = start_name_server(), front;

        on("container", "ip route add default via 10.89.0.1; ip address add 10.89.0.1/32 dev lo\n");
        starts("api");
        says("READY=1");
        front = start_answers_at("127.0.0.1:3000");
        logged("Healthy, but its network resolves no names (connection refused): the engine makes its network again.");
        says("STATUS=Serving v1.50.0, but its network resolves no names");
        ended_by(server, SIGKILL);
        stops_well();
        assert_int_equal(kill(front, SIGKILL), 0);
        ended_by(front, SIGKILL);
}

/* Another member has had it started, between the first question that was missed here and the second. */
static void a_name_server_that_was_just_started_is_asked_again(void **state _unused_) {
        on("container", "ip route add default via 10.89.0.1; ip address add 10.89.0.1/32 dev lo\n");
        on("network-reload", "once; cp /usr/bin/perl " FAKE "/aardvark-dns\n" FAKE
                             "/aardvark-dns -e 'sleep 1000' /run/containers/networks/aardvark-dns >/dev/null 2>&1 &\n");
        starts("api");
        says("READY=1");
        /* The first is the port's, and the second the one that ends the server. */
        logged("Healthy, but not reached at 127.0.0.1:3000 (connection refused): the engine makes its network again.");
        logged("The name server was started anew while it was asked, and is asked again.");
        logged("Healthy, but its network resolves no names (connection refused): the engine makes its network again.");
        stops_well();
}

static void a_network_that_could_not_be_made_again_is_tried_once_more(void **state _unused_) {
        on("network-reload", "once; fail 'netavark: aardvark-dns exited unexpectedly'\n");
        starts("api");
        says("READY=1");
        logged("The network of lago-api could not be made again, which is tried once more: netavark: aardvark-dns exited unexpectedly");
        logged("making its network again did not help");
        stops_well();
        assert_int_equal(times_called("network-reload lago-api"), 2);
}

static void what_a_sick_container_stands_on_is_asked_before_its_restart(void **state _unused_) {
        starts("worker");
        says("READY=1");
        assert_int_equal(unlink("/run/lago/state/db"), 0);
        put(FAKE "/sick", "");
        says("; PostgreSQL is away, so not restarting");
        run_file("db", "STATE=serving\nADDRESS=127.0.0.1\nSINCE=1\n");
        assert_int_equal(unlink("/run/lago/state/redis"), 0);
        says("; Redis is away, so not restarting");
        assert_int_equal(unlink(FAKE "/sick"), 0);
        says("STATUS=Running v1.50.0");
        stops_well();
        assert_int_equal(times_called("start lago-worker"), 1);
}

#define EXTERNAL      "[database]\nmode = external\n[redis]\nmode = external\n"
#define EXTERNAL_URLS "DATABASE_URL=postgresql://lago:k2hZbq7xTfA0@db.example.org:5432/lago\nREDIS_URL=redis://redis.example.org:6379\n"

static void what_is_external_is_believed_by_its_watcher_before_a_restart(void **state _unused_) {
        put("/etc/hosts", "192.0.2.9 redis.example.org\n");
        put("/run/lago/admitted/lago.conf", CONF EXTERNAL);
        put("/run/lago/admitted/lago.env", EXTERNAL_URLS);
        starts("worker");
        says("READY=1");
        run_file("db", "STATE=serving\nSICK=yes\n");
        put(FAKE "/sick", "");
        says("; PostgreSQL is away, so not restarting");
        run_file("db", "STATE=serving\n");
        run_file("redis", "STATE=serving\nSICK=yes\n");
        says("; Redis is away, so not restarting");
        assert_int_equal(times_called("start lago-worker"), 1);
        run_file("redis", "STATE=serving\n");
        logged("Not healthy; the container is stopped with its grace and started again.");
        stops_well();
}

/* The host reaches both; the container has hosts, name servers and routes of its own. */
static void migrates_what_is_external(void) {
        put(FAKE "/pending", "");
        put("/etc/hosts", "192.0.2.9 redis.example.org\n");
        put("/etc/resolv.conf", "");
        put("/etc/lago/lago.conf", CONF EXTERNAL);
        put("/etc/lago/lago.env", EXTERNAL_URLS);
        run_file("db", "STATE=serving\nSINCE=1\n");
        run_file("redis", "STATE=serving\nSINCE=1\n");
        starts("migrate");
}

#define INSIDE "! ip -o link show eth0 >/dev/null 2>&1 || "

static void what_containers_do_not_reach_is_not_migrated(void **state _unused_) {
        on("gate-ping", INSIDE "say 20 'SENTENCE=Waiting for PostgreSQL at db.example.org:5432: connection refused'\n");
        migrates_what_is_external();
        says("STATUS=This host reaches PostgreSQL at db.example.org:5432, and its containers do not: connection refused");
        logged("ufw allow from 10.89.0.0/24 to any port 5432 proto tcp");
        assert_int_not_equal(access(FAKE "/migrated", F_OK), 0);
        assert_int_equal(times_called("start lago-migrate"), 0);
        assert_int_equal(times_called("stop lago-migrate"), 0);
        on("gate-ping", INSIDE "say 39 'SENTENCE=Refused: PostgreSQL at db.example.org:5432: no pg_hba.conf entry for host "
                               "\"10.89.0.7\", user \"lago\"'\n");
        logged("pg_hba.conf lets this host in and not its containers, which come from 10.89.0.0/24");
        assert_int_equal(unlink(FAKE "/on/gate-ping"), 0);
        says("STATUS=This host reaches Redis at redis.example.org:6379, and its containers do not: ");
        /* A way there, for which the container is a host as this one is. */
        on("network", "ip address add 192.0.2.9/32 dev lo\n\"$(dirname \"$0\")/answer\" redis 192.0.2.9:6379 &\nsleep 0.3\n");
        says("READY=1");
        exits(0);
        file_has("/run/lago/admitted/images", "VERSION=v1.50.0");
}

static void a_clickhouse_that_containers_do_not_reach_is_told(void **state _unused_) {
        put("/usr/libexec/lago/lago-gate-clickhouse",
            "#!/bin/bash\ncat >/dev/null\n" INSIDE "[ -e /run/fake/way ] || "
            "{ echo 'SENTENCE=Waiting for ClickHouse at ch.example.org:8123: connection refused'; exit 20; }\n"
            "printf 'VERDICT=verified\\nSENTENCE=Schema verified\\nNEEDED=25\\n'\n");
        assert_int_equal(chmod("/usr/libexec/lago/lago-gate-clickhouse", 0755), 0);
        put(FAKE "/pending", "");
        put("/etc/lago/lago.env", "LAGO_CLICKHOUSE_ENABLED=true\nLAGO_CLICKHOUSE_MIGRATIONS_ENABLED=true\n"
                                  "LAGO_CLICKHOUSE_HOST=ch.example.org\nLAGO_CLICKHOUSE_PORT=8123\nLAGO_CLICKHOUSE_DATABASE=lago\n"
                                  "LAGO_CLICKHOUSE_USERNAME=lago\nLAGO_CLICKHOUSE_PASSWORD=x8Kq2vLm9Rt4\n"
                                  "LAGO_KAFKA_BOOTSTRAP_SERVERS=k.example.org:9092\n");
        starts("migrate");
        says("STATUS=This host reaches ClickHouse at ch.example.org:8123, and its containers do not: connection refused");
        logged("listen_host of ClickHouse");
        assert_int_equal(times_called("start lago-migrate"), 0);
        put(FAKE "/way", "");
        says("READY=1");
        exits(0);
        (void)unlink("/usr/libexec/lago/lago-gate-clickhouse");
}

static void an_api_that_does_not_reach_what_its_host_does_says_so(void **state _unused_) {
        put("/etc/hosts", "192.0.2.9 redis.example.org\n");
        put("/run/lago/admitted/lago.conf", CONF EXTERNAL);
        put("/run/lago/admitted/lago.env", EXTERNAL_URLS);
        on("gate-ping", INSIDE "say 20 'SENTENCE=Waiting for PostgreSQL at db.example.org:5432: no answer within 10 s'\n");
        put(FAKE "/sick", "");
        starts("api");
        says("STATUS=This host reaches PostgreSQL at db.example.org:5432, and its containers do not: no answer within 10 s");
        logged("ufw allow from 10.89.0.0/24 to any port 5432 proto tcp");
        assert_int_equal(unlink(FAKE "/sick"), 0);
        says("STATUS=Serving v1.50.0");
        stops_well();
        assert_int_equal(times_called("gate-ping"), 1);
}

/* Its removal went well, and its client did not live to say so: what runs under the name then is a migration. */
static void a_run_after_a_look_is_no_look(void **state _unused_) {
        _cleanup_(freep) char *state_file = NULL;

        on("network", "ip address add 192.0.2.9/32 dev lo\n\"$(dirname \"$0\")/answer\" redis 192.0.2.9:6379 &\nsleep 0.3\n");
        on("rm", "once; kill -KILL \"$(cat \"$place/pid\")\"; rm -rf \"$place\"; kill -KILL $$\n");
        on("container", "echo yes >$fake/runs; until [ -e $fake/go-on ]; do sleep 0.01; done\n");
        migrates_what_is_external();
        file_has(FAKE "/runs", "yes");
        says("STATUS=Migrating");
        state_file = read_text("/run/lago/state/migrate");
        assert_non_null(strstr(state_file, "STATE=migrating"));
        assert_null(strstr(state_file, "VIEW="));
        put(FAKE "/go-on", "");
        exits(0);
}

static void names_are_looked_up_as_containers_do(void **state _unused_) {
        put(FAKE "/hosts", "192.0.2.10 other.example.org\n");
        on("network", "mount --bind $fake/hosts /etc/hosts\n");
        migrates_what_is_external();
        says("STATUS=This host reaches Redis at redis.example.org:6379, and its containers do not: the name has no address");
        logged("Containers know this host's /etc/hosts and what its name servers know");
        is_asked_to_stop();
        exits(0);
        assert_int_equal(times_called("start lago-migrate"), 0);
        /* This host's own file is what it was. */
        file_has("/etc/hosts", "192.0.2.9 redis.example.org");
}

static void a_network_without_a_name_server_is_told_as_the_cause(void **state _unused_) {
        put(FAKE "/pending", "");
        on("network", "ip route add default via 10.89.0.1; ip address add 10.89.0.1/32 dev lo\n");
        on("container", "sleep 2.5\nexit 1\n");
        starts("migrate");
        logged("Containers resolve no names: nothing listens at 10.89.0.1:53");
        assert_int_equal(times_called("rm lago-migrate"), 0);
        says("STATUS=Containers resolve no names: nothing listens at 10.89.0.1:53");
        on("network", "ip route add default via 10.89.0.1; ip link set eth1 up\n");
        says("STATUS=Containers resolve no names: they hear nothing from their name server 10.89.0.1:53 (");
        logged("iptables -I INPUT -i BRIDGE -p udp --dport 53 -j ACCEPT");
        on("network", "\n");
        on("container", "exit 0\n: >$fake/migrated\n");
        is_asked_to_stop();
        exits(0);
}

/* A name server that hears, and answers once it is let. */
#define NAME_SERVER                                                                                                            \
        "ip route add default via 10.89.0.1; ip address add 10.89.0.1/32 dev lo; ip link set eth1 up\n"                        \
        "perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(LocalAddr => q(10.89.0.1), LocalPort => 53, Proto => q(udp));" \
        "while ($s->recv($q, 512)) { next unless -e q(/run/fake/known); $s->send(substr($q, 0, 2) . "                          \
        "pack(q(H*), q(81800001000100000000)) . substr($q, 12) . pack(q(H*), q(c00c000100010000003c00040a59004d))) }' &\n"     \
        "until grep -q ':0035 ' /proc/net/udp; do sleep 0.01; done\n"

static void a_cause_behind_another_one_is_logged_too(void **state _unused_) {
        put(FAKE "/pending", "");
        run_file("db", "STATE=serving\nADDRESS=10.89.0.77\nSINCE=1\n");
        on("network", NAME_SERVER);
        on("container", "until [ -e $fake/go-on ]; do sleep 0.05; done\n");
        starts("migrate");
        logged("Containers resolve no names: they hear nothing from their name server 10.89.0.1:53 (no answer)");
        put(FAKE "/known", "");
        says("STATUS=Containers do not reach each other: db hears nothing of what lago-migrate sends");
        logged("nft insert rule inet filter forward iifname BRIDGE oifname BRIDGE accept");
        put(FAKE "/go-on", "");
        says("READY=1");
        exits(0);
}

static void a_name_server_that_cannot_listen_is_told(void **state _unused_) {
        on("start", "echo 'Error: netavark: error while applying dns entries: IO error: aardvark-dns failed to start: Error from "
                    "child process' >&2\nfail 'Error starting server failed to bind udp listener on 10.89.0.1:53: IO error: "
                    "Address already in use (os error 98)'\n");
        starts("pdf");
        says("STATUS=Cannot start the container: another program has port 53, on which the network's name server is to listen: "
             "ss -lnp 'sport = :53' shows which");
        logged("dns_bind_port = 5353");
        assert_int_equal(unlink(FAKE "/on/start"), 0);
        says("READY=1");
        stops_well();
}

static void an_external_redis_is_watched(void **state _unused_) {
        put("/etc/hosts", "192.0.2.9 redis.example.org\n");
        put("/etc/lago/lago.conf", CONF EXTERNAL);
        put("/etc/lago/lago.env", EXTERNAL_URLS);
        starts("redis");
        says("STATUS=Watching Redis at redis.example.org:6379");
        says("READY=1");
        put("/etc/hosts", "192.0.2.10 redis.example.org\n");
        says("STATUS=Not healthy for 1 s: connection refused");
        put("/etc/hosts", "192.0.2.9 redis.example.org\n");
        says("STATUS=Watching Redis at redis.example.org:6379");
        stops_well();
        assert_int_equal(times_called("start lago-redis"), 0);
}

static void a_replica_is_no_redis_for_jobs(void **state _unused_) {
        put("/etc/hosts", "192.0.2.9 redis.example.org\n");
        put(FAKE "/replica", "");
        put("/etc/lago/lago.conf", CONF EXTERNAL);
        put("/etc/lago/lago.env", EXTERNAL_URLS);
        starts("redis");
        says("STATUS=Waiting for Redis at redis.example.org:6379: it is a replica, which takes no jobs; name the primary");
        assert_int_equal(unlink(FAKE "/replica"), 0);
        says("READY=1");
        stops_well();
}

/* After a failover the server that REDIS_URL names may be one, and Lago asks the sentinels where to go. */
static void beside_sentinels_a_replica_will_do(void **state _unused_) {
        put("/etc/hosts", "192.0.2.9 redis.example.org\n");
        put(FAKE "/replica", "");
        put("/etc/lago/lago.conf", CONF EXTERNAL);
        put("/etc/lago/lago.env", EXTERNAL_URLS "LAGO_REDIS_SIDEKIQ_SENTINELS=s1.example.org:26379\n");
        starts("redis");
        says("STATUS=Watching Redis at redis.example.org:6379");
        says("READY=1");
        stops_well();
}

#define TLS_URLS "DATABASE_URL=postgresql://u:p@pg.example.org:5432/lago\nREDIS_URL=rediss://u:s%20ecret@redis.example.org:6380/1\n"

/* What lago-gate says of it has the meaning that the same has in the clear, while it is waited for and afterwards. */
static void a_redis_over_tls_is_asked_by_lago_gate(void **state _unused_) {
        put("/etc/hosts", "192.0.2.9 redis.example.org\n");
        put("/etc/lago/lago.conf", CONF EXTERNAL);
        put("/etc/lago/lago.env", TLS_URLS);
        put(FAKE "/on/gate-redis", "say 20 VERDICT=unreachable 'SENTENCE=Waiting' 'REASON=it is a replica, which takes no jobs'");
        starts("redis");
        says("STATUS=Waiting for Redis at redis.example.org:6380: it is a replica, which takes no jobs");
        assert_int_equal(times_called("AUTH"), 0);
        put(FAKE "/on/gate-redis", "kill -9 $$");
        says("STATUS=Waiting for Redis at redis.example.org:6380: lago-gate gave no verdict (signal 9)");
        put(FAKE "/on/gate-redis", "say 0 VERDICT=verified 'SENTENCE=Redis answers' REASON=PONG");
        says("READY=1");
        file_has(FAKE "/url", "REDIS_URL=rediss://u:s%20ecret@redis.example.org:6380/1");
        put(FAKE "/on/gate-redis", "say 23 VERDICT=unable 'SENTENCE=Waiting' 'REASON=its memory is full'");
        says("STATUS=Not healthy for 1 s: its memory is full");
        stops_well();
        put(FAKE "/on/gate-redis", "say 78 VERDICT=refused 'SENTENCE=Refused' 'REASON=the password is rejected'");
        starts("redis");
        says("STATUS=Refused: Redis at redis.example.org:6380: the password is rejected");
        exits(78);
}

static void an_external_redis_without_an_address_is_waited_for(void **state _unused_) {
        put("/etc/hosts", "");
        put("/etc/lago/lago.conf", CONF EXTERNAL);
        put("/etc/lago/lago.env", EXTERNAL_URLS);
        starts("redis");
        says("STATUS=Waiting for Redis at redis.example.org:6379: the name has no address");
        put("/etc/hosts", "192.0.2.9 redis.example.org\n");
        says("READY=1");
        stops_well();
}

static void a_page_renderer_waits_for_those_that_render(void **state _unused_) {
        put(FAKE "/jobs", "182 lago-worker.service stop waiting\n");
        starts("pdf");
        says("READY=1");
        is_asked_to_stop();
        says("STOPPING=1");
        (void)usleep(500000);
        assert_int_equal(times_called("stop lago-pdf"), 0);
        put(FAKE "/jobs", "");
        exits(0);
        assert_int_equal(times_called("stop lago-pdf"), 1);
}

static void a_server_that_does_not_take_its_signal_gets_it_again(void **state _unused_) {
        starts("db");
        says("READY=1");
        on("stop", "sleep 1.3\n");
        stops_well();
        logged("Stopped after 1.");
}

/* --- an unfinished database ----------------------------------------------------------------------------- */

#define UNFINISHED "WHAT=lago_postgres_data\nBEGUN=yes\n"

static void a_database_whose_making_was_cut_off_is_made_again(void **state _unused_) {
        empty(FAKE "/volume");
        put(FAKE "/volume/postgresql.auto.conf", "");
        put("/var/lib/lago/unfinished-database", UNFINISHED);
        starts("db");
        says("READY=1");
        stops_well();
        assert_int_equal(access("/var/lib/lago/unfinished-database", F_OK), -1);
}

static void a_database_with_something_in_it_is_left_as_it_is(void **state _unused_) {
        empty(FAKE "/volume");
        put(FAKE "/volume/billing.csv", "1\n");
        put("/var/lib/lago/unfinished-database", UNFINISHED);
        assert_int_equal(make_dirs(FAKE "/containers/lago-db", 0755), 0);
        put(FAKE "/containers/lago-db/label", "db\n");
        starts("db");
        logged("The database in the volume lago_postgres_data was never ready, but it is not empty");
        says("READY=1");
        stops_well();
        assert_int_equal(access(FAKE "/volume/billing.csv", F_OK), 0);
        assert_int_equal(times_called("rm lago-db"), 2);
}

/* --- migrations ----------------------------------------------------------------------------------------- */

/* Who starts now needs the processors more than the removal does. */
static void the_container_of_a_run_stays_while_others_start(void **state _unused_) {
        put(FAKE "/pending", "");
        run_file("api", "STATE=serving\n");
        run_file("clock", "STATE=probing\n");
        starts("migrate");
        says("READY=1");
        (void)usleep(2500000);
        hear(0);
        assert_int_equal(times_called("rm lago-migrate"), 0);
        run_file("clock", "STATE=serving\n");
        exits(0);
        assert_int_equal(times_called("rm lago-migrate"), 1);
}

static void a_migration_in_hand_is_told_with_who_is_in_its_way(void **state _unused_) {
        put(FAKE "/pending", "");
        on("gate-watch",
           "echo '11 29 20260709135717 add_x 812 40 idle rails - - - - - -'; : >$fake/told; exec sleep 1000\n");
        on("container", "until [ -e $fake/told ]; do sleep 0.01; done; sleep 0.3\n");
        starts("migrate");
        says("STATUS=Migrating 12 of 29: 20260709135717 blocked 40 s by backend 812 (idle, rails)");
        logged("Migration 20260709135717 add_x waits for a lock that backend 812 holds (idle, rails).");
        says("STATUS=Schema verified");
        exits(0);
}

static void a_failure_while_a_store_was_away_counts_for_nothing(void **state _unused_) {
        put(FAKE "/pending", "");
        on("container", FOLLOWED "[ -e $fake/away ] || { : >$fake/away\n"
                                 "printf 'STATE=serving\\nADDRESS=127.0.0.1\\nSINCE=2\\n' >/run/lago/state/db; exit 1; }\n");
        starts("migrate");
        logged("PostgreSQL or Redis was away during the run, so its failure counts for nothing.");
        says("STATUS=Schema verified");
        exits(0);
}

static void a_replay_is_prepared(void **state _unused_) {
        on("gate-check",
           "[ -e $fake/migrated ] || say 11 VERDICT=fresh 'SENTENCE=Empty database' FRESH=replay FIRST=1 MISSING=12\n");
        on("gate-prepare-replay", "once; say 20 'SENTENCE=PostgreSQL does not answer'\n");
        starts("migrate");
        says("STATUS=PostgreSQL does not answer");
        says("STATUS=Schema verified");
        exits(0);
        assert_int_equal(times_called("gate-prepare-replay"), 2);
        file_has(FAKE "/ran", "aaaa");
}

static void roles_that_lack_are_seeded(void **state _unused_) {
        on("gate-check", "[ -e $fake/migrated ] || say 0 VERDICT=verified 'SENTENCE=Schema verified: v1.50.0, 12 of 12' "
                         "NEEDED=12 ROLES=missing SEEDS=yes\n");
        on("container", "sleep 0.2\n");
        starts("migrate");
        says("STATUS=Seeding the predefined roles");
        says("STATUS=Schema verified");
        exits(0);
        assert_int_equal(times_called("gate-watch"), 0);
        /* Two hosts that seed at once are two migrators, too. */
        assert_int_equal(times_called("gate-hold"), 1);
}

static void clickhouse_is_asked_too(void **state _unused_) {
        put("/usr/libexec/lago/lago-gate-clickhouse",
            "#!/bin/bash\ncat >/run/fake/clickhouse\n[ -e /run/fake/clickhouse-answers ] || { echo 'SENTENCE=ClickHouse is away'; exit 20; }\n"
            "printf 'VERDICT=verified\\nSENTENCE=Schema verified\\nNEEDED=25\\n'\n");
        assert_int_equal(chmod("/usr/libexec/lago/lago-gate-clickhouse", 0755), 0);
        put(FAKE "/clickhouse", "");
        put("/run/lago/admitted/lago.env", "LAGO_CLICKHOUSE_MIGRATIONS_ENABLED=true\nLAGO_CLICKHOUSE_HOST=ch.example.org\nLAGO_CLICKHOUSE_PORT=8123\n"
                                           "LAGO_CLICKHOUSE_DATABASE=lago\nLAGO_CLICKHOUSE_USERNAME=lago\nLAGO_CLICKHOUSE_PASSWORD=x8Kq2vLm9Rt4\n"
                                           "LAGO_KAFKA_BOOTSTRAP_SERVERS=k.example.org:9092\n");
        starts("worker");
        says("STATUS=ClickHouse is away");
        put(FAKE "/clickhouse-answers", "");
        says("READY=1");
        logged("Ready: Schema verified: v1.50.0, 12 of 12; ClickHouse 25 of 25.");
        stops_well();
        file_has(FAKE "/clickhouse", "LAGO_CLICKHOUSE_PASSWORD=x8Kq2vLm9Rt4");
        (void)unlink("/usr/libexec/lago/lago-gate-clickhouse");
}

/* --- after it ------------------------------------------------------------------------------------------- */

/* ExecStopPost=, in the unit's group. */
static void reaps(const char *member) {
        _cleanup_(freep) char *procs = xasprintf("%s/cgroup.procs", life.group);

        life.pid = fork();
        assert_true(life.pid >= 0);
        if (life.pid == 0)
                become("reap", member, procs);
        exits(0);
}

static void is_killed(void) {
        assert_int_equal(kill(life.pid, SIGKILL), 0);
        assert_int_equal(waitpid(life.pid, NULL, 0), life.pid);
        life.pid = 0;
}

static void what_a_killed_supervisor_leaves_is_stopped_and_removed(void **state _unused_) {
        starts("worker");
        says("READY=1");
        run_file_has("worker", "CONTAINER", "lago-worker");
        is_killed();
        reaps("worker");
        logged("The supervisor is gone, its container lago-worker is not: stopping it.");
        run_file_has("worker", "STATE", "ended");
        assert_int_equal(times_called("stop lago-worker"), 1);
        assert_int_equal(times_called("rm lago-worker"), 1);
        /* And now there is nothing to do. */
        reaps("worker");
        assert_int_equal(times_called("stop lago-worker"), 1);
}

static void a_migration_outlives_its_supervisor(void **state _unused_) {
        put(FAKE "/pending", "");
        on("container", ": >$fake/runs; until [ -e $fake/go-on ]; do sleep 0.01; done\n");
        starts("migrate");
        file_has(FAKE "/calls", "gate-watch");
        run_file_has("migrate", "CONTAINER", "lago-migrate");
        is_killed();
        on("rm", "[ -e $fake/migrated ] || : >$fake/too-early\n");
        put(FAKE "/go-on", "");
        reaps("migrate");
        assert_int_equal(times_called("stop lago-migrate"), 0);
        assert_int_equal(access(FAKE "/migrated", F_OK), 0);
        assert_int_equal(access(FAKE "/too-early", F_OK), -1);
}

/* What it would start comes to be after it was killed. */
static void a_start_in_flight_is_waited_for_and_then_undone(void **state _unused_) {
        on("start", "echo yes >$fake/in-flight; sleep 0.5\n");
        starts("worker");
        file_has(FAKE "/in-flight", "yes");
        is_killed();
        reaps("worker");
        logged("The supervisor is gone, its container lago-worker is not: stopping it.");
        assert_int_equal(times_called("stop lago-worker"), 1);
        assert_int_equal(times_called("rm lago-worker"), 1);
}

static void the_container_of_a_stranger_is_left_alone_then(void **state _unused_) {
        assert_int_equal(make_dirs(FAKE "/containers/lago-worker", 0755), 0);
        put(FAKE "/containers/lago-worker/label", "\n");
        on("start", "echo yes >$fake/in-flight; sleep 0.5\n");
        starts("worker");
        file_has(FAKE "/in-flight", "yes");
        is_killed();
        reaps("worker");
        assert_int_equal(times_called("owner lago-worker"), 1);
        assert_int_equal(times_called("stop lago-worker"), 0);
        assert_int_equal(times_called("rm lago-worker"), 0);
}

/* Its first process waits for a start that will not come. */
static void a_container_to_look_from_is_not_waited_for(void **state _unused_) {
        on("gate-ping", INSIDE "{ echo yes >$fake/asked; exec sleep 1000; }\n");
        migrates_what_is_external();
        file_has(FAKE "/asked", "yes");
        is_killed();
        reaps("migrate");
        assert_int_equal(times_called("rm lago-migrate"), 1);
        assert_int_not_equal(access(FAKE "/migrated", F_OK), 0);
}

static void what_cannot_be_removed_then_is_left_to_the_next_start(void **state _unused_) {
        starts("worker");
        says("READY=1");
        is_killed();
        on("rm", "fail 'container lago-worker is busy'\n");
        reaps("worker");
        logged("podman cannot remove the container lago-worker; the next start tries again.");
        run_file_has("worker", "CONTAINER", "lago-worker");
}

/* --- the command line ----------------------------------------------------------------------------------- */

static void is_answered(const char *verb, const char *word, int status) {
        _cleanup_(freep) char *procs = NULL;

        life.group = life.group ? life.group : new_group();
        (void)mkdir(life.group, 0755);
        procs = xasprintf("%s/cgroup.procs", life.group);
        life.pid = fork();
        assert_true(life.pid >= 0);
        if (life.pid == 0)
                become(verb, word, procs);
        exits(status);
}

static void a_wrong_command_line_is_told(void **state _unused_) {
        is_answered(NULL, NULL, 64);
        is_answered("run", NULL, 64);
        is_answered("run", "nobody", 64);
        is_answered("ready", "now", 64);
        is_answered("dance", NULL, 64);
        is_answered("--help", NULL, 0);
        is_answered("--version", NULL, 0);
        logged("what to do?");
        logged("there is no member \"nobody\"");
        logged("too many words behind \"ready\"");
        logged("unknown command \"dance\"");
        logged("systemd starts it from lago-MEMBER.service");
}

#define LIFE(test) cmocka_unit_test_setup_teardown(test, begin, end)

/*
 * In a process namespace of its own, too: the name servers and monitors of other containers of this host are not there to be
 * found, and to be ended.
 */
static int be_alone(void) {
        int status;
        pid_t pid;

        assert_int_equal(unshare(CLONE_NEWPID | CLONE_NEWNS), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
                assert_int_equal(mount("proc", "/proc", "proc", 0, NULL), 0);
                return -1;
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

/* With a word only those tests whose names match it: "*redis*". */
int main(int argc, char **argv) {
        const struct CMUnitTest tests[] = {
                LIFE(an_api_serves_and_stops),
                LIFE(a_worker_runs),
                LIFE(a_clock_runs_when_it_says_so_and_holds_its_lock),
                LIFE(a_clock_without_an_api_here_waits_for_none),
                LIFE(a_front_serves_without_a_gate),
                LIFE(a_front_s_lines_about_our_own_probes_are_left_out),
                LIFE(a_page_renderer_serves),
                LIFE(a_database_serves_when_a_login_succeeds),
                LIFE(a_redis_serves),
                LIFE(a_redis_serves_with_its_password),
                LIFE(a_run_file_without_room_is_written_later),
                LIFE(a_run_whose_start_was_killed_too_late_goes_on),
                LIFE(what_is_pending_is_migrated_and_admitted),
                LIFE(new_keys_are_not_for_a_database_in_use),
                LIFE(a_note_of_networks_that_cannot_be_read_is_waited_for),
                LIFE(a_note_of_new_keys_that_cannot_be_read_is_waited_for),
                LIFE(new_keys_are_those_of_an_empty_database),
                LIFE(keys_that_open_nothing_are_refused),
                LIFE(keys_are_tried_once),
                LIFE(a_left_over_run_is_removed_when_none_is_to_be_made),
                LIFE(what_a_failure_left_is_started_once_the_schema_is_verified),
                LIFE(while_lago_ready_lives_nothing_was_left),
                LIFE(what_is_verified_is_admitted_without_a_run),
                LIFE(a_redis_that_is_gone_is_never_ready),
                LIFE(a_database_that_is_gone_is_never_ready),
                LIFE(an_api_of_another_release_is_never_ready),
                LIFE(a_start_that_fails_is_told_in_the_engines_words),
                LIFE(an_image_that_is_absent_is_pulled),
                LIFE(an_admitted_image_that_comes_back_serves),
                LIFE(an_admitted_image_that_is_gone_for_good_is_refused),
                LIFE(what_is_admitted_after_a_prune_is_each_image_by_its_id),
                LIFE(a_damaged_image_is_removed_and_pulled_once),
                LIFE(what_is_made_from_a_damaged_image_goes_first),
                LIFE(one_that_stays_damaged_is_not_pulled_for_ever),
                LIFE(a_damaged_image_is_known_by_its_name_too),
                LIFE(a_left_over_that_the_engine_cannot_tell_is_left_alone),
                LIFE(memory_that_runs_out_is_the_container_s),
                LIFE(a_database_that_lets_nobody_in_does_not_serve),
                LIFE(a_stop_that_is_held_up_says_by_what),
                LIFE(a_manifest_is_read_from_the_image_once),
                LIFE(a_damaged_manifest_is_read_again),
                LIFE(a_manifest_that_cannot_be_read_refuses_nothing),
                LIFE(a_left_over_container_of_ours_is_replaced),
                LIFE(what_is_pending_is_waited_for),
                LIFE(a_redis_that_is_away_is_waited_for),
                LIFE(a_gate_that_was_killed_opens_nothing),
                LIFE(what_a_server_says_is_fit_for_a_terminal),
                LIFE(the_cause_of_a_lock_that_is_not_to_be_had_is_told),
                LIFE(no_clock_ticks_behind_a_pooler),
                LIFE(a_clock_stands_by_for_another_one),
                LIFE(a_standby_stands_by_again_after_a_wait),
                LIFE(a_clock_whose_lock_is_lost_stops_and_takes_it_again),
                LIFE(a_clock_that_begins_no_job_any_more_is_started_again),
                LIFE(a_clock_that_never_says_that_it_begins_a_job_is_left_alone),
                LIFE(a_silent_clock_is_only_told_of_where_nobody_is_to_be_restarted),
                LIFE(a_silent_clock_is_left_alone_while_redis_is_away),
                LIFE(a_clock_whose_lines_are_not_read_is_not_silent),
                LIFE(another_migrator_is_waited_for),
                LIFE(no_process_to_be_had_is_waited_for),
                LIFE(its_own_environment_is_read_again_after_a_wait),
                LIFE(a_boot_admits_nothing),
                LIFE(what_is_applied_is_admitted),
                LIFE(what_was_refused_is_given_up_at_a_boot),
                LIFE(a_power_cut_while_migrating_goes_on_with_the_same_copy),
                LIFE(a_copy_that_others_may_write_is_not_believed),
                LIFE(migrations_go_on_without_their_monitor),
                LIFE(nobody_waits_until_the_engine_has_tidied_up),
                LIFE(a_run_that_failed_has_ended_when_its_monitor_has),
                LIFE(a_first_load_that_was_cut_off_begins_anew),
                LIFE(a_migration_that_fails_twice_is_refused),
                LIFE(rails_that_dies_at_its_start_is_told_as_that),
                LIFE(a_start_and_a_migration_that_fail_are_two_things),
                LIFE(a_load_that_fails_is_told_as_that),
                LIFE(what_keeps_rails_from_starting_may_pass),
                LIFE(rails_that_starts_migrates_nothing_yet),
                LIFE(what_a_migration_failed_of_may_pass),
                LIFE(what_is_pending_waits_for_the_operator),
                LIFE(a_container_that_ends_is_started_again),
                LIFE(a_monitor_that_is_killed_ends_its_container),
                LIFE(a_relay_that_is_killed_is_replaced),
                LIFE(a_sick_container_is_started_again),
                LIFE(a_redis_on_a_full_disk_is_left_alone),
                LIFE(a_torn_log_of_redis_is_told_with_what_mends_it),
                LIFE(an_external_database_is_watched),
                LIFE(a_password_that_was_refused_is_waited_for),
                LIFE(a_missing_table_is_told_once_and_in_the_status),
                LIFE(the_last_lines_of_one_that_ended_are_told),
                LIFE(a_stop_is_obeyed_in_each_state),
                LIFE(a_stop_while_an_old_container_is_removed_makes_no_new_one),
                LIFE(a_stop_waits_for_migrations),
                LIFE(what_can_never_be_is_refused_with_its_own_status),
                LIFE(what_cannot_be_read_yet_is_no_refusal),
                LIFE(nor_is_a_configuration_that_cannot_be_read_yet),
                LIFE(nor_is_a_file_that_cannot_be_copied_yet),
                LIFE(data_of_another_major_version_is_refused),
                LIFE(what_is_no_file_in_a_volume_is_not_read),
                LIFE(an_image_that_no_registry_has_is_refused),
                LIFE(a_front_that_stays_behind_is_warned_of_at_each_admission),
                LIFE(a_release_without_a_front_runs_that_of_the_patch_before),
                LIFE(a_release_whose_minor_has_no_front_is_refused),
                LIFE(an_image_without_migrations_is_refused),
                LIFE(a_container_of_somebody_else_is_refused),
                LIFE(a_port_of_somebody_else_is_refused),
                LIFE(whatever_call_fails_it_serves_or_is_started_again),
                LIFE(whatever_call_fails_what_is_pending_is_never_ready),
                LIFE(a_container_that_cannot_be_started_is_made_again),
                LIFE(an_image_for_another_processor_is_refused),
                LIFE(a_program_that_was_emptied_is_pulled_again),
                LIFE(a_network_that_is_gone_is_waited_for),
                LIFE(a_name_that_is_half_made_is_freed),
                LIFE(a_name_that_is_free_again_is_tried_once_more),
                LIFE(what_a_killed_start_left_of_the_network_is_taken_back),
                LIFE(two_name_servers_that_a_killed_start_has_left_are_ended),
                LIFE(a_container_that_cannot_be_removed_is_told_and_kept_in_mind),
                LIFE(a_pull_that_fills_the_disk_is_tried_again),
                LIFE(a_pull_that_fails_is_tried_again),
                LIFE(nothing_is_pulled_where_that_was_forbidden),
                LIFE(a_look_into_an_image_that_was_cut_off_begins_anew),
                LIFE(an_api_that_is_not_reached_has_its_network_made_again),
                LIFE(a_network_that_resolves_no_names_is_made_again),
                LIFE(a_name_server_that_was_just_started_is_asked_again),
                LIFE(a_network_that_could_not_be_made_again_is_tried_once_more),
                LIFE(what_a_sick_container_stands_on_is_asked_before_its_restart),
                LIFE(what_is_external_is_believed_by_its_watcher_before_a_restart),
                LIFE(what_containers_do_not_reach_is_not_migrated),
                LIFE(a_clickhouse_that_containers_do_not_reach_is_told),
                LIFE(an_api_that_does_not_reach_what_its_host_does_says_so),
                LIFE(a_run_after_a_look_is_no_look),
                LIFE(names_are_looked_up_as_containers_do),
                LIFE(a_network_without_a_name_server_is_told_as_the_cause),
                LIFE(a_cause_behind_another_one_is_logged_too),
                LIFE(a_name_server_that_cannot_listen_is_told),
                LIFE(an_external_redis_is_watched),
                LIFE(a_replica_is_no_redis_for_jobs),
                LIFE(beside_sentinels_a_replica_will_do),
                LIFE(a_redis_over_tls_is_asked_by_lago_gate),
                LIFE(an_external_redis_without_an_address_is_waited_for),
                LIFE(a_page_renderer_waits_for_those_that_render),
                LIFE(a_server_that_does_not_take_its_signal_gets_it_again),
                LIFE(a_database_whose_making_was_cut_off_is_made_again),
                LIFE(a_database_with_something_in_it_is_left_as_it_is),
                LIFE(the_container_of_a_run_stays_while_others_start),
                LIFE(a_migration_in_hand_is_told_with_who_is_in_its_way),
                LIFE(a_failure_while_a_store_was_away_counts_for_nothing),
                LIFE(a_replay_is_prepared),
                LIFE(roles_that_lack_are_seeded),
                LIFE(clickhouse_is_asked_too),
                LIFE(what_a_killed_supervisor_leaves_is_stopped_and_removed),
                LIFE(a_migration_outlives_its_supervisor),
                LIFE(a_start_in_flight_is_waited_for_and_then_undone),
                LIFE(the_container_of_a_stranger_is_left_alone_then),
                LIFE(a_container_to_look_from_is_not_waited_for),
                LIFE(what_cannot_be_removed_then_is_left_to_the_next_start),
                LIFE(a_wrong_command_line_is_told),
        };

        int status;

        if (geteuid() != 0) {
                puts("1..1\nok 1 - lives of a member # skip mounts, namespaces and control groups need root");
                return 0;
        }
        status = be_alone();
        if (status >= 0)
                return status;
        cmocka_set_test_filter(argc > 1 ? argv[1] : getenv("LAGO_TEST_FILTER"));
        cmocka_set_skip_filter(getenv("LAGO_TEST_SKIP"));
        return cmocka_run_group_tests(tests, make_world, end_world);
}
