/* SPDX-License-Identifier: MIT */
#include "supervisor/migrate-run.h"

#include "base/util.h"
#include "schema/manifest.h"
#include "stack/stack.h"

bool migrate_loads(const GateAnswer *answer) {
        return answer->status == GATE_FRESH && answer->fresh && streq(answer->fresh, "load");
}

bool migrate_wants_roles(const MigrateRun *run, const GateAnswer *answer, const MigrateEnd *end) {
        bool tried = run->seeds && end->known && end->signal == 0 && end->exit_code == 0;

        return answer->seeds && answer->roles && streq(answer->roles, "missing") && !tried;
}

bool migrate_must_be_alone(const GateAnswer *answer, bool wants_roles) {
        if (answer->status == GATE_VERIFIED)
                return wants_roles;
        return (answer->status >= GATE_PENDING && answer->status < GATE_UNREACHABLE) ||
               (gate_refuses(answer->status) && answer->status < GATE_WRONG_MAJOR);
}

char **migrate_words(MigrateRun *run, const GateAnswer *answer) {
        char **argv = NULL;

        strv_add(&argv, "bundle");
        strv_add(&argv, "exec");
        strv_add(&argv, "rails");
        if (answer->status != GATE_VERIFIED)
                strv_add(&argv, "db:migrate");
        run->seeds = answer->status == GATE_VERIFIED || (migrate_loads(answer) && answer->seeds);
        if (run->seeds)
                strv_add(&argv, SEED_TASK);
        return argv;
}

MigrateCulprit migrate_culprit(const GateAnswer *answer, bool begun) {
        if (!answer->first)
                return CULPRIT_SEEDS;
        if (!begun)
                return CULPRIT_RAILS;
        return migrate_loads(answer) ? CULPRIT_LOAD : CULPRIT_MIGRATION;
}

const char *migrate_place(const GateAnswer *answer, MigrateCulprit culprit) {
        static const char *const names[] = {
                [CULPRIT_RAILS] = "Rails",
                [CULPRIT_LOAD] = "structure.sql",
                [CULPRIT_SEEDS] = SEED_TASK,
        };

        return culprit == CULPRIT_MIGRATION ? answer->first : names[culprit];
}

char *migrate_once(const GateAnswer *answer, MigrateCulprit culprit) {
        if (culprit == CULPRIT_RAILS)
                return xstrdup("Rails ended before it began a migration");
        return xasprintf("Migration failed at %s", migrate_place(answer, culprit));
}

char *migrate_twice(const GateAnswer *answer, MigrateCulprit culprit) {
        if (culprit == CULPRIT_RAILS)
                return xstrdup("Rails ended twice before it began a migration");
        if (culprit == CULPRIT_LOAD)
                return xstrdup("the load of structure.sql failed twice");
        return xasprintf("%s%s failed twice", culprit == CULPRIT_MIGRATION ? "migration " : "", migrate_place(answer, culprit));
}

bool migrate_is_to_blame(const MigrateEnd *end) {
        return end->known && end->signal == 0 && end->exit_code <= 128;
}

MigrateJudgement migrate_judge(MigrateRun *run, const char *place) {
        if (run->excuse.why)
                return MIGRATE_EXCUSED;
        return migrate_failed(&run->history, place) ? MIGRATE_FINAL : MIGRATE_AGAIN;
}
