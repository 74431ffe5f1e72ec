/* SPDX-License-Identifier: MIT */
#include "units/generator.h"

#include "base/util.h"
#include "stack/stack.h"
#include "units/render.h"

/* A drop-in of the same name in /etc would replace ours as a whole, so the name is one that nobody picks. */
#define DROP_IN       "10-lago-generated.conf"
#define POOL_TEMPLATE "/usr/lib/systemd/system/lago-worker@.service"

static PlanEntry *plan_add(Plan *plan, char *path) {
        plan->list = xrealloc(plan->list, (plan->n + 1) * sizeof(PlanEntry));
        plan->list[plan->n] = (PlanEntry){.path = path};
        return &plan->list[plan->n++];
}

/* The member that @unit runs, when it is one of those that lago.conf can switch off and does. */
static const MemberInfo *switched_off(const Config *config, const char *unit) {
        for (MemberKind kind = 0; kind < _MEMBER_KIND_MAX; kind++) {
                Member member = {.kind = kind};
                _cleanup_(freep) char *name = NULL;

                if (stack_is_enabled(config, &member))
                        continue;
                name = member_unit(&member);
                if (streq(name, unit))
                        return member_info(kind);
        }
        return NULL;
}

/*
 * What follows lago-migrate through the API alone would run on in a restart of lago-migrate, since the job of a unit that is
 * inactive goes no further.
 */
static const char *edges_text(const Config *config, const char *unit) {
        return !config->api_enabled && streq(unit, "lago-clock.service")
                       ? "# There is no API on this host that it could follow.\n"
                         "Requires=lago-migrate.service\n"
                         "After=lago-migrate.service lago-db.service lago-redis.service\n"
                       : "";
}

/*
 * A condition, not a mask. A masked unit loses its text with the next daemon-reload: while it still runs, that is its
 * ExecStopPost= and its KillMode=, and its container would be killed without grace; "systemctl start" then says
 * "masked" and no more, and a unit of that name in /etc would win over the mask. With a condition the member runs on
 * until it is stopped as it should be, lago.target's Wants= pass over it without an error, and both systemctl status
 * and the journal repeat the two lines below. The path cannot exist, since lago.conf is a file, and reads as the cause.
 */
static char *switch_text(const MemberInfo *member, const char *source) {
        return xasprintf("Description=%s (switched off: [%s] enabled = no)\n"
                         "ConditionPathExists=%s/[%s]/enabled=yes\n",
                         member->description, member->name, source, member->name);
}

/* The units as shipped have the default. */
static char *log_text(const Config *config, const char *unit) {
        _cleanup_(freep) char *limit = NULL;

        if (config->journal_lines == CONFIG_JOURNAL_LINES || !unit_is_of_member(unit))
                return xstrdup("");
        limit = unit_log_limit(config->journal_lines);
        return xasprintf("[Service]\n%s", limit);
}

static char *drop_in_text(const Config *config, const char *unit, const char *source) {
        const MemberInfo *off = switched_off(config, unit);
        _cleanup_(freep) char *more = off ? switch_text(off, source) : xstrdup(""), *log = log_text(config, unit);

        return xasprintf("# Written by lago-generator from lago.conf with each daemon-reload.\n"
                         "[Unit]\n"
                         "SourcePath=%s\n"
                         "%s%s%s",
                         source, more, edges_text(config, unit), log);
}

Plan *generator_plan(const Config *config) {
        const char *source = config->files && config->files[0] ? config->files[0]
                                                               : CONFIG_DIRECTORY "/lago.conf";
        Plan *plan = xcalloc(1, sizeof(Plan));
        const char *const *units;
        size_t n;

        units = unit_names(&n);
        for (size_t i = 0; i < n; i++) {
                if (streq(units[i], "lago.slice"))
                        continue;
                plan_add(plan, xasprintf("%s.d/" DROP_IN, units[i]))->text =
                        drop_in_text(config, units[i], source);
        }
        STRV_FOREACH(pool, config->worker_enabled ? config->pools : NULL)
                plan_add(plan, xasprintf("lago.target.wants/lago-worker@%s.service", *pool))
                        ->target = xstrdup(POOL_TEMPLATE);
        return plan;
}

Plan *plan_free(Plan *plan) {
        if (!plan)
                return NULL;
        for (size_t i = 0; i < plan->n; i++) {
                free(plan->list[i].path);
                free(plan->list[i].text);
                free(plan->list[i].target);
        }
        free(plan->list);
        free(plan);
        return NULL;
}

void plan_freep(Plan **plan) {
        *plan = plan_free(*plan);
}
