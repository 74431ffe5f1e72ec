/* SPDX-License-Identifier: MIT */
#include "schema/ledger.h"

#include "base/util.h"

Ledger *ledger_new(void) {
        Ledger *ledger = xcalloc(1, sizeof(Ledger));

        ledger->contact = CONTACT_UNREACHABLE;
        ledger->rows_left = -1;
        return ledger;
}

Ledger *ledger_free(Ledger *ledger) {
        if (!ledger)
                return NULL;
        free(ledger->cause);
        free(ledger->endpoint);
        free(ledger->server);
        free(ledger->database);
        free(ledger->role);
        free(ledger->locale);
        free(ledger->encoding);
        free(ledger->statement_timeout);
        free(ledger->lock_timeout);
        free(ledger->collation_made);
        free(ledger->collation_here);
        free(ledger->search_path);
        free(ledger->schema);
        versions_done(&ledger->versions);
        free(ledger->lago_schema);
        free(ledger->first_object);
        strv_free(ledger->invalid_indexes);
        free(ledger->keyless);
        free(ledger->absent);
        free(ledger->not_owned);
        free(ledger->owner);
        free(ledger->migrator.address);
        free(ledger->migrator.since);
        free(ledger->loader.address);
        free(ledger->loader.since);
        for (size_t i = 0; i < ledger->n_extensions; i++) {
                free(ledger->extensions[i].name);
                free(ledger->extensions[i].version);
                free(ledger->extensions[i].offered);
        }
        free(ledger->extensions);
        free(ledger);
        return NULL;
}

void ledger_freep(Ledger **ledger) {
        *ledger = ledger_free(*ledger);
}

ExtensionFact *ledger_add_extension(Ledger *ledger, const char *name, bool installed,
                                    bool available, bool allowed) {
        ExtensionFact *fact;

        ledger->extensions = xrealloc(ledger->extensions, (ledger->n_extensions + 1) * sizeof(ExtensionFact));
        fact = &ledger->extensions[ledger->n_extensions++];
        *fact = (ExtensionFact){
                .name = xstrdup(name),
                .installed = installed,
                .available = available,
                .allowed = allowed,
        };
        return fact;
}
