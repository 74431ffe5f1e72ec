/* SPDX-License-Identifier: MIT */
/* What it is told to mean that containers do not reach what their host reaches. */
#include "base/util.h"
#include "check.h"
#include "supervisor/inside-words.h"

static void each_reason_has_its_way_out(void **state _unused_) {
        static const char *const cases[][2] = {
                {"its name is not known", "Containers know this host's /etc/hosts"},
                {"its name was not resolved (Temporary failure in name resolution)", "Containers know this host's /etc/hosts"},
                {"the name has no address", "Containers know this host's /etc/hosts"},
                {"Network is unreachable", "The network lago has no way there"},
                {"network is unreachable", "The network lago has no way there"},
                {"Cannot assign requested address", "The network lago has no way there"},
                {"no pg_hba.conf entry for host \"10.89.0.7\"", "come from 10.89.0.0/24: give it a line"},
                {"password rejected for \"lago\"", "come from 10.89.0.0/24: give it a line"},
                {"connection refused", "ufw allow from 10.89.0.0/24 to any port 5433 proto tcp"},
                {"no answer within 10 s", "ufw allow from 10.89.0.0/24 to any port 5433 proto tcp"},
                {"whatever else", "ufw allow from 10.89.0.0/24 to any port 5433 proto tcp"},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                InsideFacts facts = {.place = "PostgreSQL at pg.example.com:5433", .reason = cases[i][0], .network = "lago", .subnet = "10.89.0.0/24", .port = 5433};
                _cleanup_(freep) char *advice = inside_advice(&facts), *sentence = inside_sentence(&facts);

                if (!strstr(advice, cases[i][1]))
                        fail_msg("\"%s\": %s", cases[i][0], advice);
                assert_non_null(strstr(sentence, cases[i][0]));
                assert_non_null(startswith(sentence, "This host reaches PostgreSQL at pg.example.com:5433, and its containers do not: "));
        }
}

static void clickhouse_has_networks_of_its_users(void **state _unused_) {
        InsideFacts facts = {.place = "ClickHouse at ch.example.com:8123", .reason = "password rejected for \"lago\"", .network = "lago", .subnet = "10.89.0.0/24", .port = 8123};
        _cleanup_(freep) char *advice = inside_advice(&facts), *refused = NULL;

        assert_non_null(strstr(advice, "come from 10.89.0.0/24: add that to the user's networks"));
        facts.reason = "connection refused";
        refused = inside_advice(&facts);
        assert_non_null(strstr(refused, "listen_host of ClickHouse"));
        assert_non_null(strstr(refused, "ufw allow from 10.89.0.0/24 to any port 8123 proto tcp"));
}

static void what_is_dropped_between_containers_has_its_rule(void **state _unused_) {
        _cleanup_(freep) char *text = forward_sentence("podman1"), *unknown = forward_sentence("");

        assert_non_null(strstr(text, "nft insert rule inet filter forward iifname podman1 oifname podman1 accept"));
        assert_non_null(strstr(unknown, "-i BRIDGE -o BRIDGE -j ACCEPT"));
}

static void what_is_not_known_is_a_word_in_its_place(void **state _unused_) {
        InsideFacts facts = {.place = "Redis at r:6379", .reason = "connection refused", .network = "lago", .subnet = "", .port = 6379};
        _cleanup_(freep) char *advice = inside_advice(&facts), *names = names_sentence("10.89.0.1", "", "no answer");

        assert_non_null(strstr(advice, "ufw allow from SUBNET to any port 6379"));
        assert_non_null(strstr(names, "ufw allow in on BRIDGE to any port 53"));
}

static void who_has_port_53_is_told_by_the_answer(void **state _unused_) {
        static const char *const cases[][2] = {
                {"no answer", "a firewall of this host drops what they ask; let them in: ufw allow in on podman1 to any port 53"},
                {"it does not know db", "another program answers at port 53 of this host (10.89.0.1)"},
                {"no name server on port 53", "another program answers at port 53 of this host (10.89.0.1)"},
                {"connection refused", "nothing listens at 10.89.0.1:53"},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(freep) char *text = names_sentence("10.89.0.1", "podman1", cases[i][0]);

                if (!strstr(text, cases[i][1]))
                        fail_msg("\"%s\": %s", cases[i][0], text);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_reason_has_its_way_out),
                cmocka_unit_test(clickhouse_has_networks_of_its_users),
                cmocka_unit_test(what_is_dropped_between_containers_has_its_rule),
                cmocka_unit_test(what_is_not_known_is_a_word_in_its_place),
                cmocka_unit_test(who_has_port_53_is_told_by_the_answer),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
