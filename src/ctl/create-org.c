/* SPDX-License-Identifier: MIT */
#include "ctl/ctl.h"
#include "ctl/oneshot.h"
#include "ctl/password.h"

#include "base/log.h"

#include <stdio.h>
#include <sys/random.h>

#define ORIGIN "lagoctl"
/* What Lago's hash of a password takes; it refuses more. */
#define PASSWORD_MAX_BYTES 72

/* Lago's keys look like UUIDs, and its task wants to be given one. NULL: no randomness. */
static char *random_key(void) {
        unsigned char b[16];

        if (getrandom(b, sizeof(b), 0) != (ssize_t)sizeof(b))
                return NULL;
        b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
        b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
        return xasprintf("%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
                         b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11],
                         b[12], b[13], b[14], b[15]);
}

static int create(const Release *release, const char *name, const char *email,
                  const char *password) {
        char *arguments[] = {(char[]){"signup:seed_organization"}, NULL};
        _cleanup_(env_freep) Env *own = env_new();
        _cleanup_(freep) char *key = random_key();
        RunResult child = {0};
        int r;

        if (!key) {
                log_error("The kernel gives no random bytes: %s", strerror(errno));
                return EXIT_OSERR;
        }
        env_set(own, "LAGO_CREATE_ORG", "true", ORIGIN);
        env_set(own, "LAGO_ORG_NAME", name, ORIGIN);
        env_set(own, "LAGO_ORG_USER_EMAIL", email, ORIGIN);
        env_set(own, "LAGO_ORG_USER_PASSWORD", password, ORIGIN);
        env_set(own, "LAGO_ORG_API_KEY", key, ORIGIN);
        r = rails_run(release, arguments, own, /* shown= */ false, &child);
        run_done(&child);
        if (r < 0)
                return EXIT_OSERR;
        if (r > 0) {
                log_error("Lago did not make the organization (exit %d); its reason is above", r);
                return r;
        }
        printf("%s is made: sign in at %s as %s. Its API key is shown there.\n", name,
               release->config->front_url, email);
        return EXIT_SUCCESS;
}

static bool is_one_line(const char *s) {
        return !isempty(s) && !strpbrk(s, "\r\n");
}

static int run(const Verb *verb, int argc, char **argv) {
        _cleanup_(release_done) Release release = {0};
        const char *words[2];
        char *password = NULL;
        int r;

        if (arguments_parse(verb, argc, argv, NULL, 0, words, 2, 2) < 0)
                return EXIT_USAGE;
        if (!is_one_line(words[0]) || !is_one_line(words[1]) || !strchr(words[1], '@')) {
                log_error(
                        "create-org needs the name of the organization and the mail address of its first user");
                return EXIT_USAGE;
        }
        r = release_load_admitted(&release);
        if (r != 0)
                return r;
        r = password_read("Password of the first user", &password);
        if (r < 0)
                return r == -EINTR ? 130 : EXIT_USAGE;
        if (strlen(password) > PASSWORD_MAX_BYTES) {
                log_error("Lago takes passwords of at most %d bytes", PASSWORD_MAX_BYTES);
                r = EXIT_USAGE;
        } else
                r = create(&release, words[0], words[1], password);
        explicit_bzero(password, strlen(password));
        free(password);
        return r;
}

const Verb verb_create_org = {
        .name = "create-org",
        .arguments = "NAME EMAIL",
        .summary = "Make an organization and its first user",
        .help = "For installations where nobody may sign up. The password is asked for on the terminal, or is the first\n"
                "line of standard input. A user of that address who is there already keeps his password, and becomes an\n"
                "administrator of the organization.\n",
        .as_root = true,
        .run = run,
};
