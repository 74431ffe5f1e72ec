/* SPDX-License-Identifier: MIT */
/*
 * lago-gate as a whole, with the real libpq: any command line, environment, manifest, and any server. It ends, in a status
 * that is documented; what it prints is fit for a terminal; and it says "verified" of a whole answer alone that has every
 * version of the manifest in it. What cannot be taken back, or would have the fuzzer's own descriptors closed, is left out
 * of its box.
 *
 * The input is lines: "a" an argument ("aM", "aU": the option with the manifest, the URL as a file), "e" a variable, "u" a
 * URL, "m" a line of the manifest, "i" one of standard input. All others are the server's.
 */
#define main gate_main
int main(int argc, char **argv);
#include "../../src/gate/main.c"
#undef main

#include "server.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <getopt.h>
#include <malloc.h>
#include <netdb.h>
#include <sanitizer/allocator_interface.h>
#include <sys/mman.h>

static const char usual_manifest[] = "lago-manifest 4\nrelease v1.50.0\nfile 20220525122759 create_a\n"
                                     "file 20240102030405 create_b\nlines 4\nend\n";

/* --- the box that is left out, and the network --------------------------------------------------------- */

void __wrap_box_filter(void);
void __wrap_box_close_inherited(char *const argv[]);
void __wrap_box_hide(void);
pid_t __wrap_fork(void);
struct mallinfo2 __wrap_mallinfo2(void);
const char *__asan_default_options(void);

void __wrap_box_filter(void) {
}
void __wrap_box_close_inherited(char *const argv[]) {
        (void)argv;
}
void __wrap_box_hide(void) {
}

/* Who asks a name server. */
pid_t __wrap_fork(void) {
        return -1;
}

/* The bound on an answer counts what libc's own allocator gave. */
struct mallinfo2 __wrap_mallinfo2(void) {
        return (struct mallinfo2){.uordblks = __sanitizer_get_current_allocated_bytes()};
}

/* As box_limit() bounds it, where no sanitizer keeps books about all of memory. */
const char *__asan_default_options(void) {
        return "max_allocation_size_mb=256:allocator_may_return_null=1";
}

/* libpq resolves what the gate leaves to it: addresses, and a list that is too long. Nobody is asked. */
__attribute__((visibility("default"))) int resolve(const char *name, const char *service, const struct addrinfo *hints,
                                                   struct addrinfo **ret) __asm__("getaddrinfo");

int resolve(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **ret) {
        int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
        struct addrinfo numbers = {0};

        *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
        if (hints)
                numbers = *hints;
        numbers.ai_flags |= AI_NUMERICHOST | AI_NUMERICSERV;
        return real(name, service, &numbers, ret);
}

/* --- a case -------------------------------------------------------------------------------------------- */

static char directory[] = "/dev/shm/lago-fuzz-XXXXXX";
static char manifest_path[64], url_path[64], socket_path[64], usual_url[128];

typedef struct Case {
        char **argv, **environment, **script;
        char *url, *manifest, *input; /* NULL: not given */
        bool plain;                   /* nothing in it that a terminal would obey */
} Case;

static void case_done(Case *c) {
        strv_free(c->argv);
        strv_free(c->environment);
        strv_free(c->script);
        free(c->url);
        free(c->manifest);
        free(c->input);
}

static void append(char **text, const char *line) {
        char *longer = xasprintf("%s%s\n", *text ? *text : "", line);

        free(*text);
        *text = longer;
}

static void take_word(Case *c, const char *word) {
        if (streq(word, "M"))
                strv_addf(&c->argv, "--manifest=%s", manifest_path);
        else if (streq(word, "U"))
                strv_addf(&c->argv, "--url-file=%s", url_path);
        else
                strv_add(&c->argv, word);
}

static bool is_plain(const char *text) {
        for (; *text; text++)
                if ((unsigned char)*text < ' ' || (unsigned char)*text >= 0x7f)
                        return false;
        return true;
}

static void take_line(Case *c, const char *line) {
        bool own = *line && strchr("aeumi", *line);

        c->plain &= !own || is_plain(line);
        if (*line == 'a')
                take_word(c, line + 1);
        else if (*line == 'e')
                strv_add(&c->environment, line + 1);
        else if (own)
                append(*line == 'u' ? &c->url : *line == 'm' ? &c->manifest
                                                             : &c->input,
                       line + 1);
        else if (*line)
                strv_add(&c->script, line);
}

static Case case_of(const uint8_t *data, size_t size) {
        _cleanup_(freep) char *text = xcalloc(size + 1, 1);
        _cleanup_(strv_freep) char **lines = NULL;
        Case c = {.plain = true};

        for (size_t i = 0; i < size; i++)
                text[i] = data[i] ? (char)data[i] : 0x1a;
        lines = strv_split(text, "\n");
        strv_add(&c.argv, "lago-gate");
        strv_add(&c.script, ">");
        STRV_FOREACH(line, lines)
                take_line(&c, *line);
        if (c.url)
                c.url[strlen(c.url) - 1] = '\0';
        return c;
}

static bool any_starts(char *const *words, const char *prefix) {
        STRV_FOREACH(word, words)
                if (startswith(*word, prefix))
                        return true;
        return false;
}

/* Whether the URL alone says where the server is, and it is the usual one. */
static bool is_usual(const Case *c) {
        STRV_FOREACH(word, c->argv)
                if (startswith(*word, "--h") || (startswith(*word, "--u") && !strstr(*word, url_path)))
                        return false;
        return !c->url && !any_starts(c->environment, "DATABASE_URL=");
}

/* The manifest that it was given; NULL when that cannot be told. */
static Manifest *manifest_of(const Case *c) {
        const char *text = c->manifest ? c->manifest : usual_manifest;
        _cleanup_(freep) char *error = NULL;
        Manifest *manifest = NULL;
        size_t n = 0;

        STRV_FOREACH(word, c->argv)
                n += startswith(*word, "--m") || startswith(*word, "--a") || startswith(*word, "--r");
        if (n == 1 && manifest_parse(text, strlen(text), &manifest, &error) >= 0)
                return manifest;
        return NULL;
}

/* --- what has to be in an answer ---------------------------------------------------------------------- */

static bool has_ledger(char *const *values, const Manifest *manifest) {
        STRV_FOREACH(value, values) {
                _cleanup_(strv_freep) char **lines = strv_split(*value, "\n");
                size_t n = 0;

                for (size_t i = 0; manifest && i < manifest->versions.n; i++) {
                        char version[24];

                        (void)snprintf(version, sizeof(version), "%llu", (unsigned long long)manifest->versions.list[i]);
                        n += strv_contains(lines, version);
                }
                if (manifest ? n == manifest->versions.n : lines != NULL)
                        return true;
        }
        return false;
}

static bool is_primary(char *const *values, const Manifest *manifest) {
        (void)manifest;
        return strv_length(values) == 2 && strtol(values[0], NULL, 10) >= 14 && !streq(values[1], "t");
}

static bool is_one(char *const *values, const Manifest *manifest) {
        (void)manifest;
        return strv_length(values) == 1;
}

static bool is_lock(char *const *values, const Manifest *manifest) {
        (void)manifest;
        return strv_length(values) == 2 && streq(values[0], "t");
}

/* --- what the gate may say ----------------------------------------------------------------------------- */

static bool is_documented(int status) {
        for (Verdict verdict = 0; verdict < _VERDICT_MAX; verdict++)
                if (status == verdict_status(verdict))
                        return true;
        return status == EXIT_USAGE || status == GATE_BAD_MANIFEST || status == EXIT_OSERR || status == EXIT_TEMPFAIL ||
               status == EXIT_KEYS;
}

static bool says_verified(const char *out) {
        return startswith(out, "Schema verified") || startswith(out, "VERDICT=verified\n") ||
               startswith(out, "{\"verdict\":\"verified\"");
}

static bool is_printable(const char *text) {
        _cleanup_(freep) char *escaped = escape_line(text);

        for (char *c = escaped; *c; c++)
                if (*c != text[c - escaped] && text[c - escaped] != '\n')
                        return false;
        return true;
}

/* What stands behind status 0. */
static void judge_success(const Case *c, const char *out, const Manifest *manifest) {
        static const struct {
                const char *command;
                Fits fits;
        } commands[] = {
                {"check", has_ledger},
                {"wait", has_ledger},
                {"ping", is_primary},
                {"open", is_one},
                {"manifest", NULL},
                {"hold", NULL},
                {"watch", NULL},
                {"prepare-replay", NULL},
                {"prepare-load", NULL},
        };
        size_t n = 0, which = 0;

        for (size_t i = 0; i < ELEMENTSOF(commands); i++)
                if (strv_contains(c->argv, commands[i].command)) {
                        which = i;
                        n++;
                }
        /* A command that is an option's value, or "--help" and "--version", however much of them is written. */
        if (n != 1 || any_starts(c->argv, "--h") || any_starts(c->argv, "--v") || any_starts(c->argv, "-h"))
                return;
        REQUIRE(!commands[which].fits || answered(commands[which].fits, manifest));
        /* A change has a connection of its own. */
        REQUIRE(!startswith(commands[which].command, "prepare-") || says_verified(out) || server.n_connections > 1);
}

static void judge(const Case *c, int status, const char *out, const char *err) {
        _cleanup_(manifest_freep) Manifest *manifest = manifest_of(c);

        REQUIRE(is_documented(status));
        if (says_verified(out))
                REQUIRE(status == 0 && answered(has_ledger, manifest));
        if (strstr(out, "held\n") && strv_contains(c->argv, "hold"))
                REQUIRE(answered(is_lock, manifest));
        if (status == 0)
                judge_success(c, out, manifest);
        if (c->plain)
                REQUIRE(is_printable(out) && is_printable(err));
}

/* --- running it ---------------------------------------------------------------------------------------- */

static void write_file(const char *path, const char *text) {
        FILE *file = fopen(path, "we");

        REQUIRE(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

static void prepare(void) {
        int null = open("/dev/null", O_WRONLY | O_CLOEXEC), input = memfd_create("input", MFD_CLOEXEC);

        REQUIRE(mkdtemp(directory) && null >= 0 && input >= 0);
        REQUIRE(dup2(null, STDOUT_FILENO) >= 0 && dup2(input, STDIN_FILENO) >= 0);
        (void)snprintf(manifest_path, sizeof(manifest_path), "%s/manifest", directory);
        (void)snprintf(url_path, sizeof(url_path), "%s/url", directory);
        (void)snprintf(socket_path, sizeof(socket_path), "%s/.s.PGSQL.5432", directory);
        (void)snprintf(usual_url, sizeof(usual_url), "postgresql://lago:changeme@/lago?host=%s", directory);
        (void)PQlibVersion();
}

static void set_up(const Case *c) {
        const char *url = c->url ? c->url : usual_url, *input = c->input ? c->input : url;

        write_file(manifest_path, c->manifest ? c->manifest : usual_manifest);
        write_file(url_path, url);
        REQUIRE(ftruncate(STDIN_FILENO, 0) == 0 && pwrite(STDIN_FILENO, input, strlen(input), 0) >= 0);
        REQUIRE(lseek(STDIN_FILENO, 0, SEEK_SET) == 0 && clearenv() == 0);
        REQUIRE(setenv("DATABASE_URL", url, 1) == 0 && setenv("HOME", directory, 1) == 0);
        STRV_FOREACH(variable, c->environment) {
                const char *value = strchr(*variable, '=');
                _cleanup_(freep) char *name = xstrndup(*variable, strcspn(*variable, "="));

                if (value && *name)
                        (void)setenv(name, value + 1, 1);
        }
        server_start(c->script, is_usual(c) ? socket_path : NULL);
        optind = 0;
}

/* All that it prints ends in strings. */
static int run_gate(const Case *c, char **out, char **err) {
        FILE *terminal = stderr;
        size_t n_out, n_err;
        int status;

        stdout = open_memstream(out, &n_out);
        stderr = open_memstream(err, &n_err);
        REQUIRE(stdout && stderr);
        status = gate_main((int)strv_length(c->argv), c->argv);
        REQUIRE(fclose(stdout) == 0 && fclose(stderr) == 0);
        stdout = stderr = terminal;
        server.script = NULL;
        return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(freep) char *out = NULL, *err = NULL;
        _cleanup_(case_done) Case c = {0};
        int status;

        if (!*usual_url)
                prepare();
        c = case_of(data, size);
        /* It writes files wherever it is told to. */
        if (c.argv[1] && streq(c.argv[1], "install"))
                return 0;
        set_up(&c);
        status = run_gate(&c, &out, &err);
        judge(&c, status, out, err);
        return 0;
}
