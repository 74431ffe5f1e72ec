/* SPDX-License-Identifier: MIT */
/* What lago-generator decides, and that it writes all of it or nothing. */
#include "base/file.h"
#include "base/util.h"
#include "units/generator.h"
#include "units/output.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#define TEMPLATE "/usr/lib/systemd/system/lago-worker@.service"

static char *files[] = {(char[]){"/etc/lago/lago.conf"}, (char[]){"/etc/lago/lago.conf.d/a.conf"},
                        NULL};

static Config plain(void) {
        return (Config){
                .files = files, .api_enabled = true, .front_enabled = true, .worker_enabled = true, .clock_enabled = true, .pdf_enabled = true, .journal_lines = CONFIG_JOURNAL_LINES};
}

static const PlanEntry *entry_of(const Plan *plan, const char *path) {
        for (size_t i = 0; i < plan->n; i++)
                if (streq(plan->list[i].path, path))
                        return &plan->list[i];
        return NULL;
}

static void every_unit_names_its_source(void **state _unused_) {
        static const char *const units[] = {
                "lago.target",
                "lago-ready.service",
                "lago-setup.service",
                "lago-db.service",
                "lago-redis.service",
                "lago-api.service",
                "lago-worker.service",
                "lago-worker@.service",
                "lago-migrate.service",
                "lago-clock.service",
                "lago-front.service",
                "lago-pdf.service",
                "lago-again.service",
        };
        Config config = plain();
        _cleanup_(plan_freep) Plan *plan = generator_plan(&config);

        assert_int_equal(plan->n, ELEMENTSOF(units));
        for (size_t i = 0; i < ELEMENTSOF(units); i++) {
                _cleanup_(freep) char *path = xasprintf("%s.d/10-lago-generated.conf", units[i]);
                const PlanEntry *entry = entry_of(plan, path);

                assert_non_null(entry);
                assert_null(entry->target);
                assert_non_null(strstr(entry->text, "\nSourcePath=/etc/lago/lago.conf\n"));
                assert_null(strstr(entry->text, "Condition"));
                assert_null(strstr(entry->text, "Description"));
        }
}

static void a_pool_is_a_link_to_the_template(void **state _unused_) {
        Config config = plain();
        char *pools[] = {(char[]){"events"}, (char[]){"webhook"}, NULL};
        _cleanup_(plan_freep) Plan *plan = NULL;
        const PlanEntry *entry;

        config.pools = pools;
        plan = generator_plan(&config);
        assert_int_equal(plan->n, 15);
        entry = entry_of(plan, "lago.target.wants/lago-worker@events.service");
        assert_non_null(entry);
        assert_null(entry->text);
        assert_string_equal(entry->target, TEMPLATE);
        assert_non_null(entry_of(plan, "lago.target.wants/lago-worker@webhook.service"));
        assert_null(entry_of(plan, "lago.target.wants/lago-worker@billing.service"));
}

static void a_member_switched_off_says_why(void **state _unused_) {
        Config config = plain();
        _cleanup_(plan_freep) Plan *plan = NULL;
        const PlanEntry *front, *clock;

        config.front_enabled = false;
        plan = generator_plan(&config);
        front = entry_of(plan, "lago-front.service.d/10-lago-generated.conf");
        clock = entry_of(plan, "lago-clock.service.d/10-lago-generated.conf");
        assert_non_null(strstr(front->text,
                               "\nConditionPathExists=/etc/lago/lago.conf/[front]/enabled=yes\n"));
        assert_non_null(strstr(front->text, "(switched off: [front] enabled = no)\n"));
        assert_null(strstr(clock->text, "Condition"));
}

static void each_of_the_three_can_be_switched_off(void **state _unused_) {
        Config config = plain();
        _cleanup_(plan_freep) Plan *plan = NULL;
        size_t n_off = 0;

        config.front_enabled = config.clock_enabled = config.pdf_enabled = false;
        plan = generator_plan(&config);
        for (size_t i = 0; i < plan->n; i++)
                n_off += strstr(plan->list[i].text, "ConditionPathExists=") != NULL;
        assert_int_equal(n_off, 3);
        assert_non_null(
                strstr(entry_of(plan, "lago-pdf.service.d/10-lago-generated.conf")->text, "[pdf]"));
        assert_non_null(strstr(entry_of(plan, "lago-clock.service.d/10-lago-generated.conf")->text,
                               "[clock]"));
}

static void workers_switched_off_take_their_pools_along(void **state _unused_) {
        Config config = plain();
        char *pools[] = {(char[]){"events"}, (char[]){"events-2"}, NULL};
        _cleanup_(plan_freep) Plan *with = NULL, *without = NULL;

        config.pools = pools;
        with = generator_plan(&config);
        assert_string_equal(entry_of(with, "lago.target.wants/lago-worker@events-2.service")->target, TEMPLATE);
        config.worker_enabled = false;
        without = generator_plan(&config);
        assert_null(entry_of(without, "lago.target.wants/lago-worker@events.service"));
        assert_null(entry_of(without, "lago.target.wants/lago-worker@events-2.service"));
        assert_non_null(strstr(entry_of(without, "lago-worker.service.d/10-lago-generated.conf")->text,
                               "\nConditionPathExists=/etc/lago/lago.conf/[worker]/enabled=yes\n"));
}

/* Its job goes no further than an API that is inactive, and with it a restart of lago-migrate. */
static void a_clock_without_an_api_follows_migrate_itself(void **state _unused_) {
        Config config = plain();
        _cleanup_(plan_freep) Plan *with = generator_plan(&config), *without = NULL;

        assert_null(strstr(entry_of(with, "lago-clock.service.d/10-lago-generated.conf")->text, "Requires="));
        config.api_enabled = false;
        without = generator_plan(&config);
        assert_non_null(strstr(entry_of(without, "lago-clock.service.d/10-lago-generated.conf")->text,
                               "\nRequires=lago-migrate.service\nAfter=lago-migrate.service lago-db.service "
                               "lago-redis.service\n"));
        assert_non_null(strstr(entry_of(without, "lago-api.service.d/10-lago-generated.conf")->text,
                               "(switched off: [api] enabled = no)\n"));
}

/* The default is in the units; only members have what may flood. */
static void the_lines_of_each_member_are_limited(void **state _unused_) {
        Config config = plain();
        _cleanup_(plan_freep) Plan *plain_plan = generator_plan(&config), *limited = NULL, *free_plan = NULL;

        for (size_t i = 0; i < plain_plan->n; i++)
                assert_null(strstr(plain_plan->list[i].text, "LogRateLimit"));
        config.journal_lines = 5000;
        limited = generator_plan(&config);
        config.journal_lines = 0;
        free_plan = generator_plan(&config);
        for (size_t i = 0; i < limited->n; i++) {
                const char *path = limited->list[i].path;
                bool of_stack = startswith(path, "lago.target") || startswith(path, "lago-ready") ||
                                startswith(path, "lago-again") || startswith(path, "lago-setup");

                assert_true(!of_stack == !!strstr(limited->list[i].text,
                                                  "\n[Service]\nLogRateLimitIntervalSec=1min\nLogRateLimitBurst=5000\n"));
                assert_true(!of_stack == !!strstr(free_plan->list[i].text,
                                                  "\n[Service]\nLogRateLimitIntervalSec=1s\nLogRateLimitBurst=1000000\n"));
        }
}

/* --- writing ---------------------------------------------------------------------------------------- */

typedef struct Folder {
        char path[64];
} Folder;

static int folder_make(void **state) {
        Folder *folder = xcalloc(1, sizeof(Folder));

        strcpy(folder->path, "/tmp/test-generator-XXXXXX");
        if (!mkdtemp(folder->path))
                return -1;
        *state = folder;
        return 0;
}

static int folder_remove(void **state) {
        Folder *folder = *state;

        (void)remove_tree(folder->path);
        free(folder);
        return 0;
}

static void all_of_it_is_written(void **state) {
        const Folder *folder = *state;
        Config config = plain();
        char *pools[] = {(char[]){"events"}, NULL};
        _cleanup_(plan_freep) Plan *plan = NULL;
        const char *failed;
        char target[128] = {0};

        config.pools = pools;
        config.clock_enabled = false;
        plan = generator_plan(&config);
        assert_int_equal(output_write(folder->path, plan, &failed), 0);
        for (size_t i = 0; i < plan->n; i++) {
                _cleanup_(freep) char *path = xasprintf("%s/%s", folder->path, plan->list[i].path);
                _cleanup_(freep) char *text = NULL;

                if (plan->list[i].text) {
                        assert_int_equal(file_read(path, 4096, &text, NULL), 0);
                        assert_string_equal(text, plan->list[i].text);
                } else {
                        assert_true(readlink(path, target, sizeof(target) - 1) > 0);
                        assert_string_equal(target, TEMPLATE);
                }
        }
}

/* systemd obeys what a failing generator has written by then, so there must be nothing. */
static void a_failure_leaves_nothing(void **state) {
        const Folder *folder = *state;
        Config config = plain();
        _cleanup_(plan_freep) Plan *plan = generator_plan(&config);
        _cleanup_(freep) char *obstacle = xasprintf("%s/lago-pdf.service.d", folder->path);
        const char *failed = NULL;

        assert_int_equal(file_write(obstacle, "a file where a folder should be", 0644), 0);
        assert_int_equal(output_write(folder->path, plan, &failed), -ENOTDIR);
        assert_string_equal(failed, "lago-pdf.service.d/10-lago-generated.conf");
        for (size_t i = 0; i < plan->n; i++) {
                _cleanup_(freep) char *path = xasprintf("%s/%s", folder->path, plan->list[i].path);

                assert_int_not_equal(access(path, F_OK), 0);
        }
}

static void a_file_of_somebody_else_is_kept(void **state) {
        const Folder *folder = *state;
        Config config = plain();
        _cleanup_(plan_freep) Plan *plan = generator_plan(&config);
        _cleanup_(freep) char *parent = xasprintf("%s/lago-api.service.d", folder->path);
        _cleanup_(freep) char *path = xasprintf("%s/10-lago-generated.conf", parent);
        _cleanup_(freep) char *text = NULL;
        const char *failed = NULL;

        assert_int_equal(mkdir(parent, 0755), 0);
        assert_int_equal(file_write(path, "theirs", 0644), 0);
        assert_int_equal(output_write(folder->path, plan, &failed), -EEXIST);
        assert_int_equal(file_read(path, 4096, &text, NULL), 0);
        assert_string_equal(text, "theirs");
}

static void no_folder_is_an_error(void **state _unused_) {
        Config config = plain();
        _cleanup_(plan_freep) Plan *plan = generator_plan(&config);
        const char *failed = NULL;

        assert_int_equal(output_write("/nonexistent/generator", plan, &failed), -ENOENT);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_unit_names_its_source),
                cmocka_unit_test(a_pool_is_a_link_to_the_template),
                cmocka_unit_test(a_member_switched_off_says_why),
                cmocka_unit_test(each_of_the_three_can_be_switched_off),
                cmocka_unit_test(workers_switched_off_take_their_pools_along),
                cmocka_unit_test(a_clock_without_an_api_follows_migrate_itself),
                cmocka_unit_test(the_lines_of_each_member_are_limited),
                cmocka_unit_test_setup_teardown(all_of_it_is_written, folder_make, folder_remove),
                cmocka_unit_test_setup_teardown(a_failure_leaves_nothing, folder_make,
                                                folder_remove),
                cmocka_unit_test_setup_teardown(a_file_of_somebody_else_is_kept, folder_make,
                                                folder_remove),
                cmocka_unit_test(no_folder_is_an_error),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
