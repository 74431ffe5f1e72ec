/* SPDX-License-Identifier: MIT */
#pragma once
/* The stack of lago.conf for those who run Lago otherwise: text in, text out, the same bytes for the same configuration. Pure. */

#include "stack/stack.h"

#include <sys/types.h>

typedef enum ExportKind {
        EXPORT_COMPOSE,
        EXPORT_QUADLET,
        EXPORT_KUBERNETES,
        _EXPORT_KIND_MAX,
} ExportKind;

/* What is exported. Strings are borrowed. */
typedef struct ExportInput {
        const Config *config;
        Env *const *own;        /* env.d/MEMBER.env of each of stack_members(), then that of migrate; entries may be NULL */
        char *const *pins;      /* by kind of member: the image by its id, in place of its name; NULL: none */
        const char *gate_image; /* NULL: the one that "make image" builds */
} ExportInput;

typedef struct ExportFile {
        char *name; /* below the output's folder: "compose.yaml", "secrets/api" */
        char *text;
        bool secret; /* 0600, and never printed */
} ExportFile;

typedef struct Export {
        ExportKind kind;
        ExportFile *files;
        size_t n;
} Export;

/** export_kind_parse() - "compose", "quadlet", "kubernetes". Errors: -EINVAL. */
int export_kind_parse(const char *word, ExportKind *ret);
/** export_kind_name() - the same word. */
const char *export_kind_name(ExportKind kind);

/** export_make() - the files, the one to begin with first. */
Export *export_make(ExportKind kind, const ExportInput *input);
Export *export_free(Export *export);
void export_freep(Export **export);

/**
 * export_unfit() - the name of the first value that is no text in UTF-8, and so would make a file of compose, systemd or Kubernetes that
 * nobody can read; NULL: there is none. The caller frees it.
 */
char *export_unfit(const ExportInput *input);

/* --- what the kinds share -------------------------------------------------------------------------------- */

/** export_add() - one more file; @text becomes its own. */
void export_add(Export *export, const char *name, char *text, bool secret);

/* The variables of one container, in two parts; each a vector of "KEY=VALUE", sorted. */
typedef struct Settings {
        char **plain, **secret;
} Settings;

/** export_settings() - of that member; what mask_value() would not show is secret. The gate has the settings of migrate. */
Settings export_settings(const ExportInput *input, const Member *member);
void export_settings_done(Settings *settings);

/** export_image() - its name, or its pin. The caller frees it. */
char *export_image(const ExportInput *input, MemberKind kind);
/** export_gate_image() - where lago-gate is installed from. */
const char *export_gate_image(const ExportInput *input);

/** export_service() - "api", "api-worker", "api-events-worker", "api-clock": the names of Lago's own compose file. */
char *export_service(const Member *member);

/* Where the certificate of ClickHouse's authority is in a container; Lago itself looks at none. */
#define EXPORT_CLICKHOUSE_CA "/etc/ssl/lago-clickhouse-ca.pem"
/** export_volumes() - of that member, "NAME:/path" or "/host/path:/path:ro", with what lago-gate reads. The caller frees them. */
char **export_volumes(const ExportInput *input, const Member *member);
/** export_has_clickhouse_ca() - whether there is a file of that authority to be had along. */
bool export_has_clickhouse_ca(const ExportInput *input);

/** export_has_bucket() - whether Lago's files lie in S3 or GCS, and none in the volume. */
bool export_has_bucket(const Config *config);

/** export_run_script() - the script between the engine and Lago's own ones, the same for all kinds. */
char *export_run_script(const ExportInput *input);
/** export_run_verb() - what the script is called with: "start SCRIPT...", "clock SCRIPT..."; NULL for no backend. */
char **export_run_verb(const Member *member);

/** export_shell() - lines NAME='VALUE' that a shell reads as they are meant. */
char *export_shell(char *const *pairs);
/** export_quote() - a scalar of YAML and JSON. @dollars: its reader expands "$", and "$$" stands for one. */
char *export_quote(const char *value, bool dollars);
/** export_list() - "[\"a\", \"b\"]". */
char *export_list(char *const *words, bool dollars);

/** export_mark() - eight digits that are others for another @text; @mark: those of what stands before it, or 0. */
uint32_t export_mark(uint32_t mark, const char *text);

/** export_object_name() - of "Lago_Data_", a name for volumes and none for an object: "lago-data". The caller frees it. */
char *export_object_name(const char *volume);
/**
 * export_final_statuses() - "10, 30, …": what "run migrate" ends with when neither time nor another try helps, which is not
 * ordered, refused, misused, no manifest, not migrated. The caller frees it.
 */
char *export_final_statuses(void);

/** export_seconds() - whole seconds, at least one. */
unsigned export_seconds(uint64_t usec);

/* A node that is emptied is no failed migration. */
#define EXPORT_EVICTED "{action: Ignore, onPodConditions: [{type: DisruptionTarget, status: \"True\"}]}"
/* Of the init containers: a quota may ask it of every one; to what the pod asks for in all it adds nothing. */
#define EXPORT_GATE_RESOURCES "{requests: {cpu: 50m, memory: 64Mi}}"
#define EXPORT_NOBODY         "{runAsNonRoot: true, readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}"

void export_compose(Export *export, const ExportInput *input);
void export_quadlet(Export *export, const ExportInput *input);
void export_kubernetes(Export *export, const ExportInput *input);
/** export_helm() - a folder "helm" that does the same to what Lago's own chart renders. */
void export_helm(Export *export, const ExportInput *input);

/**
 * export_write() - the files below @directory, which is made; each whole or not at all. What an earlier one of the kind has written
 * there and this one has not is removed: Podman would start such a unit still. Its names are kept in a file ".exported-KIND".
 *
 * @ret_removed  their names, added to a vector of the caller's.
 * Errors:       -errno, @reterr a sentence.
 */
int export_write(const Export *export, const char *directory, char ***ret_removed, char **reterr);
