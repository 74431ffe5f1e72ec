/* SPDX-License-Identifier: MIT */
#include "ctl/pg.h"
#include "ctl/oneshot.h"

#include "base/log.h"
#include "base/runstate.h"
#include "config/dburl.h"
#include "engine/engine.h"
#include "stack/stack.h"

#define CA_FILE_INSIDE "/run/lago-ca.pem"

/* Of libpq's words for a connection those that have a variable, and that a URL may need. */
static const struct {
        const char *keyword, *variable;
} variables[] = {
        {"host", "PGHOST"},
        {"hostaddr", "PGHOSTADDR"},
        {"port", "PGPORT"},
        {"user", "PGUSER"},
        {"password", "PGPASSWORD"},
        {"dbname", "PGDATABASE"},
        {"sslmode", "PGSSLMODE"},
        {"sslnegotiation", "PGSSLNEGOTIATION"},
        {"gssencmode", "PGGSSENCMODE"},
        {"channel_binding", "PGCHANNELBINDING"},
        {"target_session_attrs", "PGTARGETSESSIONATTRS"},
        {"connect_timeout", "PGCONNECT_TIMEOUT"},
        {"options", "PGOPTIONS"},
};

char **pg_environment(const char *url, const char *ca_file_inside, char **reterr) {
        _cleanup_(dburl_freep) DbUrl *parsed = NULL;
        char **environment = NULL;

        if (dburl_parse(url, &parsed, reterr) < 0)
                return NULL;
        for (size_t i = 0; i < ELEMENTSOF(variables); i++) {
                const char *value = dburl_get(parsed, variables[i].keyword);

                if (value)
                        strv_addf(&environment, "%s=%s", variables[i].variable, value);
        }
        if (ca_file_inside)
                strv_addf(&environment, "PGSSLROOTCERT=%s", ca_file_inside);
        strv_add(&environment, "PGAPPNAME=lagoctl");
        return environment;
}

char *shell_word(const char *s) {
        static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
        char *word, *out;

        if (*s && strspn(s, plain) == strlen(s))
                return xstrdup(s);
        word = out = xcalloc(4 * strlen(s) + 3, 1);
        *out++ = '\'';
        for (; *s; s++)
                if (*s == '\'')
                        out = stpcpy(out, "'\\''");
                else
                        *out++ = *s;
        *out = '\'';
        return word;
}

/* --- the bundled server: by its socket, where it asks for no password ---------------------------------- */

static const char *or_default(const char *value, const char *fallback) {
        return isempty(value) ? fallback : value;
}

const char *pg_user(const Config *config) {
        return or_default(env_get(config->env, "POSTGRES_USER"), "lago");
}

const char *pg_database(const Config *config) {
        return or_default(env_get(config->env, "POSTGRES_DB"), "lago");
}

static int run_bundled(const Config *config, char *const *command, const RunOptions *options,
                       RunResult *ret) {
        _cleanup_(freep) char *address = runstate_address("db"), *container = NULL;
        _cleanup_(strv_freep) char **argv = NULL, **inside = NULL;
        Member db = {.kind = MEMBER_DB};
        int r;

        if (!address) {
                log_error("PostgreSQL does not serve; \"systemctl start lago-db\" starts it alone");
                return -ENOTCONN;
        }
        strv_add(&inside, "env");
        strv_addf(&inside, "PGUSER=%s", pg_user(config));
        strv_addf(&inside, "PGDATABASE=%s", pg_database(config));
        strv_extend(&inside, command);
        container = member_container(&db);
        argv = engine_podman.exec(container, inside);
        r = run_child(argv, options, ret);
        if (r < 0)
                log_error("Cannot run %s: %s", engine_podman.name, strerror(-r));
        return r < 0 ? r : ret->status;
}

/* --- an external one: from a container of the bundled server's image ------------------------------------ */

static int run_external(const Config *config, char *const *command, const RunOptions *options,
                        RunResult *ret) {
        _cleanup_(freep) char *url = stack_database_url(config), *error = NULL,
                              *image = stack_image(config, MEMBER_DB);
        _cleanup_(freep) char *id = image_id(image);
        _cleanup_(strv_freep) char **environment = NULL, **volumes = NULL;
        Oneshot oneshot = {
                .purpose = "pg", .image = id, .network = config->network, .command = command};
        int r;

        if (!id) {
                log_error("%s is not on this host, and its pg_dump is needed; podman pull %s",
                          image, image);
                return -ENOENT;
        }
        environment = pg_environment(url, config->ca_file ? CA_FILE_INSIDE : NULL, &error);
        if (url)
                explicit_bzero(url, strlen(url));
        if (!environment) {
                log_error("DATABASE_URL: %s", error);
                return -EINVAL;
        }
        if (config->ca_file)
                strv_addf(&volumes, "%s:%s:ro", config->ca_file, CA_FILE_INSIDE);
        oneshot.environment = environment;
        oneshot.volumes = volumes;
        r = oneshot_run(&oneshot, options, ret);
        STRV_FOREACH(pair, environment)
                explicit_bzero(*pair, strlen(*pair));
        return r;
}

int pg_run(const Config *config, char *const *command, const RunOptions *options, RunResult *ret) {
        return (config->database_external ? run_external : run_bundled)(config, command, options,
                                                                        ret);
}
