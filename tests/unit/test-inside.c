/* SPDX-License-Identifier: MIT */
/* What it is told to mean that containers do not reach what their host reaches. */
#include "base/util.h"
#include "check.h"
#include "supervisor/inside-words.h"
#include "supervisor/wait.h"

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

static char lago[] = "podman1", pdf[] = "podman2";
static char *const both[] = {lago, pdf, NULL}, *const one[] = {lago, NULL};

static void what_is_dropped_between_containers_has_its_rule(void **state _unused_) {
        NamesFacts facts = {.bridges = one};
        _cleanup_(freep) char *text = forward_sentence(&facts), *unknown = NULL, *two = NULL, *ufw = NULL;

        assert_non_null(strstr(text, "nft insert rule inet filter forward iifname podman1 oifname podman1 accept"));
        facts.bridges = NULL;
        unknown = forward_sentence(&facts);
        assert_non_null(strstr(unknown, "-i BRIDGE -o BRIDGE -j ACCEPT"));
        facts.bridges = both;
        two = forward_sentence(&facts);
        assert_non_null(strstr(two, "forward iifname { podman1, podman2 } oifname { podman1, podman2 } accept"));
        facts.wall = WALL_UFW;
        ufw = forward_sentence(&facts);
        assert_string_equal(ufw, "Containers do not reach each other: ufw is active; run \"ufw route allow in on podman1 && "
                                 "ufw route allow in on podman2\"");
}

static void what_is_not_known_is_a_word_in_its_place(void **state _unused_) {
        InsideFacts facts = {.place = "Redis at r:6379", .reason = "connection refused", .network = "lago", .subnet = "", .port = 6379};
        NamesFacts names_facts = {.server = "10.89.0.1", .reason = "no answer"};
        _cleanup_(freep) char *advice = inside_advice(&facts), *names = names_sentence(&names_facts);

        assert_non_null(strstr(advice, "ufw allow from SUBNET to any port 6379"));
        assert_non_null(strstr(names, "iptables -I INPUT -i BRIDGE -p udp --dport 53 -j ACCEPT"));
}

static void who_has_port_53_is_told_by_the_answer(void **state _unused_) {
        static const char *const cases[][2] = {
                {"no answer", "a firewall of this host drops what they ask; let them in: iptables -I INPUT -i podman1 -p udp --dport 53"},
                {"no answer", "nft insert rule inet filter input iifname { podman1, podman2 } udp dport 53 accept"},
                {"it does not know db", "another program answers at port 53 of this host (10.89.0.1)"},
                {"no name server on port 53", "except-interface=podman1,podman2)"},
                {"connection refused", "nothing listens at 10.89.0.1:53"},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                NamesFacts facts = {.server = "10.89.0.1", .reason = cases[i][0], .bridges = both};
                _cleanup_(freep) char *text = names_sentence(&facts);

                if (!strstr(text, cases[i][1]))
                        fail_msg("\"%s\": %s", cases[i][0], text);
        }
}

/* A rule in other words is gone at the manager's next reload. */
static void a_firewall_with_a_manager_has_its_rule_in_his_words(void **state _unused_) {
        static const char firewalld[] = "Containers resolve no names: firewalld is active; run \"firewall-cmd --permanent --zone=trusted "
                                        "--add-interface=podman1 --add-interface=podman2 && firewall-cmd --reload\"";
        static const struct {
                Wall wall;
                const char *reason, *sentence;
        } cases[] = {
                {WALL_UFW, "no answer", "Containers resolve no names: ufw is active; run \"ufw allow in on podman1 to any port 53 && "
                                        "ufw allow in on podman2 to any port 53 && ufw route allow in on podman1 && ufw route allow "
                                        "in on podman2\""},
                {WALL_FIREWALLD, "no answer", firewalld},
                {WALL_FIREWALLD, "no route to host", firewalld},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                NamesFacts facts = {.server = "10.89.0.1", .reason = cases[i].reason, .bridges = both, .wall = cases[i].wall};
                _cleanup_(freep) char *text = names_sentence(&facts);

                assert_string_equal(text, cases[i].sentence);
                /* A command of which STATUS= has the beginning alone would open another port. */
                assert_true(strlen(text) <= STATUS_MAX);
        }
}

static void a_manager_that_rejects_is_not_taken_for_a_dead_server(void **state _unused_) {
        NamesFacts facts = {.server = "10.89.0.1", .reason = "connection refused", .bridges = one, .wall = WALL_UFW};
        _cleanup_(freep) char *text = names_sentence(&facts), *taken = NULL;

        assert_string_equal(text, "Containers resolve no names: ufw is active; run \"ufw allow in on podman1 to any port 53 && ufw "
                                  "route allow in on podman1 && podman network reload --all\"");
        facts.reason = "it does not know db";
        taken = names_sentence(&facts);
        assert_non_null(strstr(taken, "another program answers at port 53"));
}

static void a_server_on_this_host_is_opened_in_the_managers_words(void **state _unused_) {
        static const struct {
                Wall wall;
                const char *words;
        } cases[] = {
                {WALL_UFW, "and ufw let containers in: run \"ufw allow from 10.89.0.0/24 to any port 6379 proto tcp\"; where it is "
                           "elsewhere, let the firewall forward what comes from 10.89.0.0/24: ufw route allow from 10.89.0.0/24"},
                {WALL_FIREWALLD, "and firewalld let containers in: run \"firewall-cmd --permanent --zone=trusted "
                                 "--add-source=10.89.0.0/24 && firewall-cmd --reload\"; where it is elsewhere"},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                InsideFacts facts = {.place = "Redis at r:6379", .reason = "no answer within 10 s", .network = "lago", .subnet = "10.89.0.0/24", .port = 6379, .wall = cases[i].wall};
                _cleanup_(freep) char *advice = inside_advice(&facts);

                if (!strstr(advice, cases[i].words))
                        fail_msg("%s", advice);
        }
}

static void the_manager_is_the_one_that_is_at_work(void **state _unused_) {
        assert_int_equal(wall_of(false, NULL), WALL_OTHER);
        assert_int_equal(wall_of(false, "# Set to yes\nENABLED=no\nLOGLEVEL=low\n"), WALL_OTHER);
        assert_int_equal(wall_of(false, "# ENABLED=yes\nLOGLEVEL=low\n"), WALL_OTHER);
        assert_int_equal(wall_of(false, "# Set to yes\nENABLED=yes\nLOGLEVEL=low\n"), WALL_UFW);
        assert_int_equal(wall_of(false, "ENABLED=\"YES\"\n"), WALL_UFW);
        assert_int_equal(wall_of(true, NULL), WALL_FIREWALLD);
        assert_int_equal(wall_of(true, "ENABLED=no\n"), WALL_FIREWALLD);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_reason_has_its_way_out),
                cmocka_unit_test(clickhouse_has_networks_of_its_users),
                cmocka_unit_test(what_is_dropped_between_containers_has_its_rule),
                cmocka_unit_test(what_is_not_known_is_a_word_in_its_place),
                cmocka_unit_test(who_has_port_53_is_told_by_the_answer),
                cmocka_unit_test(a_firewall_with_a_manager_has_its_rule_in_his_words),
                cmocka_unit_test(a_manager_that_rejects_is_not_taken_for_a_dead_server),
                cmocka_unit_test(a_server_on_this_host_is_opened_in_the_managers_words),
                cmocka_unit_test(the_manager_is_the_one_that_is_at_work),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
