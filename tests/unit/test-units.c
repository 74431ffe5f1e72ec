/* SPDX-License-Identifier: MIT */
/* The unit files: what the chain promises must be in their text, for every unit and not just the one at hand. */
#include "base/util.h"
#include "stack/stack.h"
#include "supervisor/policy.h"
#include "units/render.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* Whether @unit has exactly this line. */
static bool has_line(const char *unit, const char *line) {
        _cleanup_(freep) char *text = unit_render(unit);
        _cleanup_(strv_freep) char **lines = NULL;

        assert_non_null(text);
        lines = strv_split(text, "\n");
        return strv_contains(lines, line);
}

static bool has_word(const char *unit, const char *key, const char *word) {
        _cleanup_(freep) char *text = unit_render(unit);
        _cleanup_(strv_freep) char **lines = NULL;

        assert_non_null(text);
        lines = strv_split(text, "\n");
        STRV_FOREACH(line, lines) {
                const char *value = startswith(*line, key);
                _cleanup_(strv_freep) char **words = NULL;

                if (!value || value[0] != '=')
                        continue;
                words = strv_split(value + 1, " ");
                if (strv_contains(words, word))
                        return true;
        }
        return false;
}

static const char *const with_container[] = {
        "lago-db.service",
        "lago-redis.service",
        "lago-migrate.service",
        "lago-api.service",
        "lago-worker.service",
        "lago-worker@.service",
        "lago-clock.service",
        "lago-front.service",
        "lago-pdf.service",
};

static void the_same_text_each_time(void **state _unused_) {
        const char *const *names;
        size_t n;

        names = unit_names(&n);
        assert_int_equal(n, 14);
        for (size_t i = 0; i < n; i++) {
                _cleanup_(freep) char *first = unit_render(names[i]),
                                      *second = unit_render(names[i]);

                assert_string_equal(first, second);
        }
}

static void no_text_for_a_stranger(void **state _unused_) {
        assert_null(unit_render("lago-ap.service"));
        assert_null(unit_render(""));
}

static void where_a_schema_is_needed_the_edge_is_hard(void **state _unused_) {
        static const struct {
                const char *unit, *upstream;
        } edges[] = {
                {"lago-api.service", "lago-migrate.service"},
                {"lago-worker.service", "lago-migrate.service"},
                {"lago-worker@.service", "lago-migrate.service"},
                {"lago-clock.service", "lago-api.service"},
                {"lago-front.service", "lago-api.service"},
                {"lago-migrate.service", "lago-setup.service"},
                {"lago-db.service", "lago-setup.service"},
                {"lago-redis.service", "lago-setup.service"},
                {"lago-pdf.service", "lago-setup.service"},
        };

        for (size_t i = 0; i < ELEMENTSOF(edges); i++) {
                assert_true(has_word(edges[i].unit, "Requires", edges[i].upstream));
                assert_true(has_word(edges[i].unit, "After", edges[i].upstream));
        }
}

static void a_bounce_of_a_store_restarts_nobody(void **state _unused_) {
        static const char *const stores[] = {"lago-db.service", "lago-redis.service"};

        for (size_t i = 0; i < ELEMENTSOF(with_container); i++)
                for (size_t k = 0; k < ELEMENTSOF(stores); k++)
                        assert_false(has_word(with_container[i], "Requires", stores[k]));
        assert_true(has_word("lago-api.service", "Wants", "lago-db.service"));
        assert_true(has_word("lago-api.service", "After", "lago-db.service"));
        assert_true(has_word("lago-worker@.service", "After", "lago-redis.service"));
}

static void a_start_waits_as_long_as_it_takes(void **state _unused_) {
        for (size_t i = 0; i < ELEMENTSOF(with_container); i++)
                assert_true(has_line(with_container[i], "TimeoutStartSec=infinity"));
        assert_true(has_line("lago-ready.service", "TimeoutStartSec=infinity"));
}

static void a_container_outlives_its_supervisor_until_reaped(void **state _unused_) {
        for (size_t i = 0; i < ELEMENTSOF(with_container); i++) {
                assert_true(has_line(with_container[i], "KillMode=process"));
                assert_true(has_line(with_container[i], "Delegate=yes"));
                assert_true(has_word(with_container[i], "ExecStopPost", "reap"));
        }
}

static void stopping_has_the_grace_and_time_to_reap(void **state _unused_) {
        static const struct {
                const char *unit;
                MemberKind kind;
        } units[] = {
                {"lago-db.service", MEMBER_DB},
                {"lago-redis.service", MEMBER_REDIS},
                {"lago-api.service", MEMBER_API},
                {"lago-worker.service", MEMBER_WORKER},
                {"lago-worker@.service", MEMBER_WORKER},
                {"lago-clock.service", MEMBER_CLOCK},
                {"lago-front.service", MEMBER_FRONT},
                {"lago-pdf.service", MEMBER_PDF},
        };

        for (size_t i = 0; i < ELEMENTSOF(units); i++) {
                /* The page renderer waits for those that render through it, first. */
                unsigned more = units[i].kind == MEMBER_PDF ? 60 + 30 : 30;
                _cleanup_(freep) char *line =
                        xasprintf("TimeoutStopSec=%us", member_info(units[i].kind)->grace_sec + more);

                assert_true(has_line(units[i].unit, line));
        }
        assert_true(has_line("lago-migrate.service", "TimeoutStopSec=infinity"));
}

/* systemd heeds READY=1 of Type=notify alone: whoever waits for the verdict is started by it, and not by the process' end. */
static void who_waits_for_migrate_waits_for_its_verdict(void **state _unused_) {
        for (size_t i = 0; i < ELEMENTSOF(with_container); i++)
                assert_true(has_line(with_container[i], "Type=notify"));
        assert_true(has_line("lago-migrate.service", "RemainAfterExit=yes"));
}

static void what_can_never_succeed_is_not_restarted(void **state _unused_) {
        for (size_t i = 0; i < ELEMENTSOF(with_container); i++)
                for (int status = 1; status <= UINT8_MAX; status++) {
                        _cleanup_(freep) char *word = xasprintf("%d", status);

                        assert_int_equal(has_word(with_container[i], "RestartPreventExitStatus", word),
                                         exit_is_final(status));
                }
        assert_true(exit_is_final(EXIT_USAGE) && exit_is_final(EXIT_CONFIG) && exit_is_final(EXIT_STRANGER));
        assert_false(exit_is_final(0) || exit_is_final(EXIT_SOFTWARE) || exit_is_final(EXIT_OSERR) ||
                     exit_is_final(EXIT_TEMPFAIL));
}

static void nothing_that_breaks_podman_or_leaks_into_containers(void **state _unused_) {
        static const char *const refused[] = {
                "PrivateTmp=",
                "Protect",
                "PrivateDevices=",
                "NoNewPrivileges=",
                "SystemCall",
                "RestrictAddress",
                "LockPersonality=",
                "MemoryDeny",
                "BindsTo=",
                "Upholds=",
                "JobTimeoutSec=",
        };

        for (size_t i = 0; i < ELEMENTSOF(with_container); i++) {
                _cleanup_(freep) char *text = unit_render(with_container[i]);

                for (size_t k = 0; k < ELEMENTSOF(refused); k++)
                        assert_null(strstr(text, refused[k]));
        }
}

static void a_pool_runs_under_its_own_name(void **state _unused_) {
        assert_true(has_line("lago-worker@.service",
                             "ExecStart=/usr/libexec/lago/lago-supervisor run worker@%i"));
        assert_true(has_line("lago-worker@.service",
                             "ExecStopPost=/usr/libexec/lago/lago-supervisor reap worker@%i"));
        assert_true(has_line("lago-worker.service",
                             "ExecStart=/usr/libexec/lago/lago-supervisor run worker"));
}

static void all_stop_with_the_target(void **state _unused_) {
        const char *const *names;
        size_t n;

        names = unit_names(&n);
        for (size_t i = 0; i < n; i++)
                if (strstr(names[i], ".service"))
                        assert_true(has_line(names[i], "PartOf=lago.target"));
}

/* What is set for lago.slice, such as MemorySwapMax=0 for the keys, leaves nobody out. */
static void all_lie_in_one_slice(void **state _unused_) {
        const char *const *names;
        size_t n;

        names = unit_names(&n);
        for (size_t i = 0; i < n; i++)
                if (strstr(names[i], ".service"))
                        assert_true(has_line(names[i], "Slice=lago.slice"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_same_text_each_time),
                cmocka_unit_test(no_text_for_a_stranger),
                cmocka_unit_test(where_a_schema_is_needed_the_edge_is_hard),
                cmocka_unit_test(a_bounce_of_a_store_restarts_nobody),
                cmocka_unit_test(a_start_waits_as_long_as_it_takes),
                cmocka_unit_test(a_container_outlives_its_supervisor_until_reaped),
                cmocka_unit_test(stopping_has_the_grace_and_time_to_reap),
                cmocka_unit_test(who_waits_for_migrate_waits_for_its_verdict),
                cmocka_unit_test(what_can_never_succeed_is_not_restarted),
                cmocka_unit_test(nothing_that_breaks_podman_or_leaks_into_containers),
                cmocka_unit_test(a_pool_runs_under_its_own_name),
                cmocka_unit_test(all_stop_with_the_target),
                cmocka_unit_test(all_lie_in_one_slice),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
