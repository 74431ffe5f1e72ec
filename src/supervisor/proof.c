/* SPDX-License-Identifier: MIT */
#include "supervisor/proof.h"

#include "base/file.h"
#include "base/keyfile.h"
#include "supervisor/gate.h"
#include "supervisor/supervisor.h"

#include <unistd.h>

/* Made by lago-setup: names of a database, and keyed hashes of the keys that are used with it. */
#define FINGERPRINTS_FILE "/var/lib/lago/fingerprints"
/* Those that were proven, in the same words. */
#define PROVEN_FILE "/var/lib/lago/proven-keys"
#define FILE_MAX    4096

static bool is_filled(const Supervisor *s) {
        return s->gate.answer.status == GATE_VERIFIED || s->gate.answer.status == GATE_PENDING;
}

bool proof_is_due(const Supervisor *s) {
        _cleanup_(freep) char *now = NULL, *proven = NULL;
        int r = is_filled(s) ? file_read(FINGERPRINTS_FILE, FILE_MAX, &now, NULL) : -ENOENT;

        /* What cannot be read may be another set than was proven. */
        if (r < 0)
                return r != -ENOENT;
        return file_read(PROVEN_FILE, FILE_MAX, &proven, NULL) < 0 || !streq(now, proven);
}

/* A note that cannot be kept costs the same question at the next start. */
static void keep(void) {
        _cleanup_(freep) char *now = NULL;

        if (file_read(FINGERPRINTS_FILE, FILE_MAX, &now, NULL) >= 0)
                (void)file_write(PROVEN_FILE, now, 0600);
}

void proof_of_empty(const Supervisor *s) {
        _cleanup_(freep) char *now = NULL, *proven = NULL;

        (void)s;
        if (file_read(FINGERPRINTS_FILE, FILE_MAX, &now, NULL) >= 0 &&
            (file_read(PROVEN_FILE, FILE_MAX, &proven, NULL) < 0 || !streq(now, proven)))
                keep();
}

static void closed(Supervisor *s) {
        /* They are no other database's either, so that the right ones are not refused in their place. */
        (void)unlink(FINGERPRINTS_FILE);
        log_message(LOG_ERR, MESSAGE_KEYS,
                    "Keys refused: ENCRYPTION_PRIMARY_KEY and ENCRYPTION_KEY_DERIVATION_SALT open nothing of what Lago has "
                    "stored encrypted in this database, such as the credentials of payment providers. Put those of the "
                    "installation that filled it into /etc/lago/lago.env, then run lagoctl stop and lagoctl start");
        supervisor_never(s, EXIT_KEYS, MESSAGE_KEYS, "Refused: the encryption keys do not open what is stored in the database");
}

static void on_answer(void *userdata, GateAnswer *answer) {
        Supervisor *s = userdata;
        const char *verdict = answer->verdict ? answer->verdict : "";

        if (streq(verdict, "closed")) {
                closed(s);
                return;
        }
        if (streq(verdict, "opens") || streq(verdict, "nothing")) {
                log_message(LOG_NOTICE, MESSAGE_KEYS, "%s.", answer->sentence);
                keep();
        } else
                log_message(LOG_WARNING, MESSAGE_KEYS, "It is not proven that the encryption keys open what is stored in the database: %s.",
                            answer->sentence);
        s->run.proven(s);
}

/* What "lago-gate open" reads. */
static char *keys_and_url(const Config *config, const char *url) {
        static const char *const names[] = {"ENCRYPTION_PRIMARY_KEY", "ENCRYPTION_KEY_DERIVATION_SALT"};
        char *text = NULL;

        keyfile_add(&text, "DATABASE_URL", url);
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                keyfile_add(&text, names[i], env_get(config->env, names[i]));
        return text;
}

void proof_ask(Supervisor *s, void (*go_on)(Supervisor *s)) {
        GateCall call;
        char *input;

        s->run.proven = go_on;
        if (!gate_call(s, "open", /* with_manifest= */ false, &call)) {
                go_on(s);
                return;
        }
        input = keys_and_url(s->config, call.input);
        explicit_bzero(call.input, strlen(call.input));
        free(call.input);
        call.input = input;
        gate_client_ask(&s->gate, call, on_answer, s);
}
