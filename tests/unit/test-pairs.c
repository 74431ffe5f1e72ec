/* SPDX-License-Identifier: MIT */
/* Every ordered pair of releases, database and image, against an oracle that is neither C nor of the same making. */
#include "schema/verdict.h"

#include "ledger-data.h"
#include "release-data.h"

#define ORACLE "awk -f tests/data/pairs.awk " RELEASE_DATA

static char *judge(const ReleaseData *data, size_t a, size_t b, char *line, size_t size) {
        _cleanup_(ledger_freep) Ledger *ledger = ledger_of(data->manifests[a]);
        _cleanup_(finding_freep) Finding *finding = verdict_of(data->manifests[b], ledger, &(Policy){});

        (void)snprintf(line, size, "%s %s %s %zu %zu", data->names[a], data->names[b], verdict_name(finding->verdict),
                       finding->extra, finding->missing);
        return line;
}

static void every_pair_is_judged_as_the_oracle_says(void **state) {
        ReleaseData *data = release_data_new();
        FILE *oracle = popen(ORACLE, "re");
        size_t n_pairs = 0, n_old = 0, n_verified = 0;
        char said[200], expected[200];

        (void)state;
        assert_non_null(oracle);
        assert_int_equal(data->n, 103);
        for (size_t a = 0; a < data->n; a++)
                for (size_t b = 0; b < data->n; b++, n_pairs++) {
                        char *old;

                        assert_non_null(fgets(expected, sizeof(expected), oracle));
                        expected[strcspn(expected, "\n")] = '\0';
                        old = strstr(expected, " old");
                        if (old) {
                                *old = '\0';
                                n_old++;
                        }
                        n_verified += strstr(expected, " verified ") != NULL;
                        assert_string_equal(judge(data, a, b, said, sizeof(said)), expected);
                }
        assert_null(fgets(expected, sizeof(expected), oracle));
        assert_int_equal(pclose(oracle), 0);
        assert_int_equal(n_pairs, 10609);
        /* Downgrades that no comparison of newest versions would notice; they are among the pairs above. */
        assert_int_equal(n_old, 10);
        assert_true(n_verified >= 103);
        release_data_free(data);
}

static void the_table_is_made_from_the_data(void **state) {
        FILE *made = popen("awk -f src/schema/release-table.awk " RELEASE_DATA, "re");
        FILE *kept = fopen("src/schema/release-table.c", "re");
        int a, b;

        (void)state;
        assert_non_null(made);
        assert_non_null(kept);
        do {
                a = getc(made);
                b = getc(kept);
                assert_int_equal(a, b);
        } while (a != EOF);
        fclose(kept);
        assert_int_equal(pclose(made), 0);
}

/* What an operator is told to do must be what then works. */
static void the_release_named_for_ahead_runs_on_that_database(void **state) {
        ReleaseData *data = release_data_new();
        size_t n = 0;

        (void)state;
        for (size_t a = 0; a < data->n; a++)
                for (size_t b = 0; b < data->n; b++) {
                        _cleanup_(ledger_freep) Ledger *ledger = ledger_of(data->manifests[a]);
                        _cleanup_(finding_freep) Finding *finding = verdict_of(data->manifests[b], ledger, &(Policy){});
                        _cleanup_(finding_freep) Finding *after = NULL;
                        const char *named;

                        if (finding->verdict != VERDICT_AHEAD)
                                continue;
                        named = strstr(finding->sentence, "set release = ");
                        assert_non_null(named);
                        after = verdict_of(release_data_find(data, named + strlen("set release = ")), ledger, &(Policy){});
                        assert_int_equal(after->verdict, VERDICT_VERIFIED);
                        n++;
                }
        assert_int_equal(n, 5224);
        release_data_free(data);
}

/* From any release to any later one, doing what each refusal says, one arrives. */
static void following_the_remedies_leads_to_the_goal(void **state) {
        ReleaseData *data = release_data_new();

        (void)state;
        for (size_t a = 0; a < data->n; a++) {
                const Manifest *at = data->manifests[a], *goal = release_data_find(data, "v1.51.0");

                for (unsigned steps = 0;; steps++) {
                        _cleanup_(ledger_freep) Ledger *ledger = ledger_of(at);
                        _cleanup_(finding_freep) Finding *finding = verdict_of(goal, ledger, &(Policy){});
                        const char *named;
                        char name[32];

                        assert_true(steps < 12);
                        if (finding->verdict == VERDICT_PENDING || finding->verdict == VERDICT_VERIFIED)
                                break;
                        named = finding->verdict == VERDICT_STOP ? strstr(finding->remedy, "Set release = ")
                                                                 : strstr(finding->remedy, "one after the other: ");
                        assert_non_null(named);
                        named += strlen(finding->verdict == VERDICT_STOP ? "Set release = " : "one after the other: ");
                        assert_int_equal(sscanf(named, "%31[v0-9.]", name), 1);
                        if (name[strlen(name) - 1] == '.')
                                name[strlen(name) - 1] = '\0';
                        at = release_data_find(data, name);
                }
        }
        release_data_free(data);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_pair_is_judged_as_the_oracle_says),
                cmocka_unit_test(the_table_is_made_from_the_data),
                cmocka_unit_test(the_release_named_for_ahead_runs_on_that_database),
                cmocka_unit_test(following_the_remedies_leads_to_the_goal),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
