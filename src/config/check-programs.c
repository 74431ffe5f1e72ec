/* SPDX-License-Identifier: MIT */
/* Variables that are not Lago's: libpq and Ruby read them in its containers, and what is checked would not be what runs. */
#include "config/check.h"

#include "base/util.h"

static bool is_listed(const char *name, const char *const *list, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (streq(name, list[i]))
                        return true;
        return false;
}

int check_program(const EnvPair *pair, ConfigErrors *errors) {
        static const char *const libpq[] = {
                "PGCHANNELBINDING", "PGCLIENTENCODING", "PGDATABASE", "PGGSSENCMODE", "PGHOST", "PGHOSTADDR", "PGPASSFILE",
                "PGPASSWORD", "PGPORT", "PGREQUIREAUTH", "PGREQUIRESSL", "PGSERVICE", "PGSERVICEFILE", "PGSSLCERT", "PGSSLCRL",
                "PGSSLKEY", "PGSSLMAXPROTOCOLVERSION", "PGSSLMINPROTOCOLVERSION", "PGSSLMODE", "PGSSLROOTCERT", "PGSSLSNI",
                "PGTARGETSESSIONATTRS", "PGUSER"};
        static const char *const images[] = {"BUNDLE_APP_CONFIG", "BUNDLE_GEMFILE", "BUNDLE_PATH", "GEM_HOME", "PATH", "RUBYLIB"};

        if (is_listed(pair->key, libpq, ELEMENTSOF(libpq)))
                config_errors_add(errors, pair->file, pair->line,
                                  "%s is read by PostgreSQL's client in Lago's containers alone, and not by what checks them; write "
                                  "what it says into DATABASE_URL, and remove this line",
                                  pair->key);
        else if (is_listed(pair->key, images, ELEMENTSOF(images)))
                config_errors_add(errors, pair->file, pair->line,
                                  "%s is the image's own: with another value its programs are not found; remove this line", pair->key);
        else
                return 0;
        return -EBADMSG;
}
