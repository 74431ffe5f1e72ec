/* SPDX-License-Identifier: MIT */
#include "supervisor/new-keys.h"

#include "stack/unfinished.h"
#include "supervisor/supervisor.h"

bool new_keys_refuse(Supervisor *s) {
        _cleanup_(freep) char *database = stack_database_identity(s->config);
        int status = s->gate.answer.status, r = 0;

        switch (unfinished_state(NEW_KEYS_FILE, database)) {
        case UNFINISHED_NO:
                return false;
        case UNFINISHED_UNREAD:
                supervisor_later(s, "Cannot read " NEW_KEYS_FILE ": %s", strerror(errno));
                return true;
        default:
                break;
        }
        if (status == GATE_FRESH || status == GATE_EMPTY)
                /* What will be stored there will be stored with them. */
                r = unfinished_over(NEW_KEYS_FILE, database);
        if (r < 0) {
                supervisor_later(s, "Cannot write " NEW_KEYS_FILE ": %s", strerror(-r));
                return true;
        }
        if (status != GATE_VERIFIED && status != GATE_PENDING)
                return false;
        log_message(LOG_ERR, MESSAGE_KEYS,
                    "Keys refused: those in /etc/lago/secrets.env were made on this host just now, and the database %s is "
                    "not empty: what is stored in it encrypted could not be read. Put the keys of the installation that "
                    "filled it into /etc/lago/lago.env, then run lagoctl stop and lagoctl start. If nothing in it is "
                    "encrypted: rm " NEW_KEYS_FILE " and lagoctl start",
                    database);
        supervisor_never(s, EXIT_KEYS, MESSAGE_KEYS, "Refused: the keys were made just now, and the database is not empty");
        return true;
}
