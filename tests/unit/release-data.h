/* SPDX-License-Identifier: MIT */
#pragma once
/* Lago's releases as manifests, read from tests/data/releases.txt and not from the table in src/schema. */

#include "base/util.h"
#include "schema/manifest.h"

#include "check.h"

#define RELEASE_DATA "tests/data/releases.txt"
#define DATA_MAX     128

typedef struct ReleaseData {
        char *names[DATA_MAX];
        Manifest *manifests[DATA_MAX];
        size_t n;
} ReleaseData;

/* What the file has told so far. */
typedef struct ReleaseState {
        uint64_t files[2048], all[2048];
        size_t n_files, n_all;
} ReleaseState;

static inline void state_remove(ReleaseState *state, uint64_t version) {
        for (size_t i = 0; i < state->n_files; i++)
                if (state->files[i] == version) {
                        state->files[i] = state->files[--state->n_files];
                        return;
                }
        fail_msg("%llu is taken away, but was not there", (unsigned long long)version);
}

static inline Manifest *state_manifest(const ReleaseState *state, const char *name, bool recorded) {
        Manifest *manifest = manifest_new();
        char *error = NULL;

        manifest_set_release(manifest, name);
        for (size_t i = 0; i < state->n_files; i++) {
                _cleanup_(freep) char *base = xasprintf("%llu_x.rb", (unsigned long long)state->files[i]);

                assert_true(manifest_add_file(manifest, base));
        }
        for (size_t i = 0; i < state->n_all && recorded; i++)
                versions_add(&manifest->structure, state->all[i]);
        assert_int_equal(manifest_finish(manifest, &error), 0);
        return manifest;
}

static inline void state_line(ReleaseState *state, const char *line) {
        unsigned long long version;

        assert_int_equal(sscanf(line + 1, "%llu", &version), 1);
        if (line[0] == '+') {
                state->files[state->n_files++] = version;
                state->all[state->n_all++] = version;
        } else if (line[0] == '-') {
                state_remove(state, version);
        }
}

static inline ReleaseData *release_data_new(void) {
        ReleaseData *data = xcalloc(1, sizeof(ReleaseData));
        _cleanup_(freep) ReleaseState *state = xcalloc(1, sizeof(ReleaseState));
        char line[256], name[64] = "", more[64], recorded[64] = "";
        FILE *file = fopen(RELEASE_DATA, "re");

        if (!file)
                fail_msg("no " RELEASE_DATA ": run the tests from the top of the tree");
        while (fgets(line, sizeof(line), file)) {
                if (line[0] == '=') {
                        if (*name) {
                                data->names[data->n] = xstrdup(name);
                                data->manifests[data->n++] = state_manifest(state, name, *recorded);
                        }
                        more[0] = '\0';
                        assert_true(sscanf(line, "= %63s %63s", name, more) >= 1);
                        strcpy(recorded, more);
                } else if (line[0] != '#') {
                        state_line(state, line);
                }
        }
        /* The last one is the development branch, no release. */
        fclose(file);
        return data;
}

static inline void release_data_free(ReleaseData *data) {
        for (size_t i = 0; i < data->n; i++) {
                free(data->names[i]);
                manifest_free(data->manifests[i]);
        }
        free(data);
}

static inline const Manifest *release_data_find(const ReleaseData *data, const char *name) {
        for (size_t i = 0; i < data->n; i++)
                if (streq(data->names[i], name))
                        return data->manifests[i];
        fail_msg("no release %s", name);
        return NULL;
}
