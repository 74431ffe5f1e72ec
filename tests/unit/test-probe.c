/* SPDX-License-Identifier: MIT */
#include "probe/name.h"
#include "probe/probe.h"

#include "base/util.h"
#include "process/netns.h"

#include "check.h"

/* Three sections of Redis' INFO, as it sends them. */
#define NO_INFO            "$0\r\n\r\n$0\r\n\r\n$0\r\n\r\n"
#define CLUSTER            "$30\r\n# Cluster\r\ncluster_enabled:1\r\n\r\n"
#define ALONE              "$30\r\n# Cluster\r\ncluster_enabled:0\r\n\r\n"
#define LIMITED            "$59\r\n# Memory\r\nmaxmemory:1048576\r\nmaxmemory_policy:allkeys-lru\r\n\r\n"
#define BOUNDED            "$58\r\n# Memory\r\nmaxmemory:1048576\r\nmaxmemory_policy:noeviction\r\n\r\n"
#define ENDLESS            "$53\r\n# Memory\r\nmaxmemory:0\r\nmaxmemory_policy:allkeys-lru\r\n\r\n"
#define SERVER(version, n) "$" n "\r\n# Server\r\nredis_version:" version "\r\n\r\n"
#define NOW                SERVER("7.4.1", "31")
#define ANSWERED           "+OK\r\n+OK\r\n+PONG\r\n"

static const ProbeTarget api = {.question = ASK_HTTP, .port = 3000, .path = "/health", .version = "v1.50.0"};
static const ProbeTarget redis = {.question = ASK_REDIS, .port = 6379};
static const ProbeTarget redis_whole = {.question = ASK_REDIS, .port = 6379, .password = "x", .database = 99, .writes = true};
static const ProbeTarget redis_of_group = {.question = ASK_REDIS, .port = 6379, .writes = true, .grouped = true};
static const ProbeTarget redis_auth = {.question = ASK_REDIS, .port = 6379, .password = "x"};
static const ProbeTarget name = {.question = ASK_NAME, .port = 53, .path = "api"};
static const ProbeTarget postgres = {.question = ASK_POSTGRES, .port = 5432};

typedef struct Case {
        const ProbeTarget *target;
        const char *bytes;
        bool eof, complete;
        ProbeVerdict verdict;
        const char *reason; /* NULL: not looked at */
} Case;

static const Case cases[] = {
        {&api, "", false, false, 0, NULL},
        {&api, "HTTP/1.1 200 OK\r\n", false, false, 0, NULL},
        {&api, "HTTP/1.1 200 OK\r\n\r\n{\"version\":\"v1.50.0\"}", false, true, PROBE_GOOD, "HTTP/1.1 200 OK"},
        {&api, "HTTP/1.1 200 OK\r\n\r\n{\"version\":\"v1.5", false, false, 0, NULL},
        {&api, "HTTP/1.1 200 OK\r\n\r\n{\"version\":\"v1.49.0\"}", true, true, PROBE_LATER, "/health does not name v1.50.0"},
        {&api, "HTTP/1.1200\r\n\r\nv1.50.0", true, true, PROBE_LATER, "no HTTP on port 3000"},
        {&api, "HTTP/1.1 2000\r\n\r\nv1.50.0", true, true, PROBE_LATER, "no HTTP on port 3000"},
        {&api, "HTTP/1.1 200\r\n\r\nv1.50.0", true, true, PROBE_GOOD, "HTTP/1.1 200"},
        {&api, "HTTP/1.1 500 Internal Server Error\r\n\r\nUnhealthy", true, true, PROBE_LATER, "/health answers 500"},
        {&api, "SSH-2.0-OpenSSH_9.2\r\n", false, true, PROBE_LATER, "no HTTP on port 3000"},
        {&api, "", true, true, PROBE_LATER, "closed without an answer"},
        {&redis, "+PONG\r\n", false, true, PROBE_GOOD, "PONG"},
        {&redis, "+PO", false, false, 0, NULL},
        {&redis, "-LOADING Redis is loading the dataset in memory\r\n", false, true, PROBE_LATER, "loading its data"},
        {&redis, "-NOAUTH Authentication required.\r\n", false, true, PROBE_NEVER, NULL},
        {&redis, "-MISCONF Errors writing to the AOF file: No space left on device\r\n", false, true, PROBE_UNABLE,
         "cannot write its log of jobs: No space left on device"},
        {&redis, "-MISCONF Redis is configured to save RDB snapshots, but\r\n", false, true, PROBE_UNABLE,
         "cannot save its data: its log says why"},
        {&redis, "", true, true, PROBE_LATER, "no answer in the clear; if it speaks TLS alone, write rediss:// in REDIS_URL"},
        {&redis, "\x15\x03\x01", true, true, PROBE_LATER,
         "no answer in the clear; if it speaks TLS alone, write rediss:// in REDIS_URL"},
        {&redis, "-ODD \x1b[31mred\r\n", false, true, PROBE_LATER, "answers -ODD ?[31mred"},
        {&redis_auth, "+OK\r\n", false, false, 0, NULL},
        {&redis_whole, "+OK\r\n+OK\r\n+PONG\r\n", false, false, 0, NULL},
        {&redis_whole, ANSWERED ":0\r\n", false, false, 0, NULL},
        {&redis_whole, ANSWERED ":0\r\n" ALONE "$61\r\n# Mem", false, false, 0, NULL},
        {&redis_whole, ANSWERED ":0\r\n" ALONE BOUNDED NOW, false, true, PROBE_GOOD, "PONG"},
        {&redis_whole, ANSWERED ":0\r\n" ALONE ENDLESS NOW, false, true, PROBE_GOOD, "PONG"},
        {&redis_whole, ANSWERED ":0\r\n" ALONE BOUNDED, false, false, 0, NULL},
        {&redis_whole, ANSWERED ":0\r\n" ALONE BOUNDED SERVER("5.0.7", "31"), false, true, PROBE_LATER,
         "it is Redis 5.0.7, and Lago's workers need 6.2"},
        {&redis_whole, ANSWERED ":0\r\n" ALONE BOUNDED SERVER("6.0.16", "32"), false, true, PROBE_LATER,
         "it is Redis 6.0.16, and Lago's workers need 6.2"},
        {&redis_whole, ANSWERED ":0\r\n" ALONE BOUNDED SERVER("6.2.0", "31"), false, true, PROBE_GOOD, "PONG"},
        {&redis_whole, ANSWERED ":0\r\n" ALONE BOUNDED SERVER("255.255.255", "37"), false, true, PROBE_GOOD, "PONG"},
        {&redis_whole, ANSWERED ":0\r\n" ALONE LIMITED NOW, false, true, PROBE_GOOD, "evicts keys: allkeys-lru"},
        {&redis_whole, ANSWERED ":0\r\n-NOPERM no\r\n-NOPERM no\r\n-NOPERM no\r\n", false, true, PROBE_GOOD, "PONG"},
        {&redis_whole, ANSWERED ":0\r\n" CLUSTER BOUNDED NOW, false, true, PROBE_NEVER,
         "it is a node of a cluster, which Lago cannot use; name a Redis without one"},
        {&redis_whole, ANSWERED "-MOVED 866 10.0.0.7:6379\r\n" NO_INFO, false, true, PROBE_NEVER, NULL},
        {&redis_whole, ANSWERED "-ERR unknown command 'SETRANGE', with args\r\n" NO_INFO, false, true, PROBE_LATER,
         "it keeps no data, as a sentinel; name a server of the group in REDIS_URL"},
        {&redis_whole, ANSWERED "-NOPERM this user has no permissions to run the 'setrange' command\r\n" NO_INFO, false, true, PROBE_LATER,
         "its user lacks a right: ACL SETUSER USER +@all ~* &* (to run the 'setrange' command)"},
        {&redis_whole, ANSWERED "-NOPERM No permissions to access a key\r\n" NO_INFO, false, true, PROBE_LATER,
         "its user lacks a right: ACL SETUSER USER +@all ~* &* (to use its keys)"},
        {&redis, "-NOPERM User u has no permissions to run the 'ping' command\r\n", false, true, PROBE_LATER, NULL},
        {&redis, "-MASTERDOWN Link with MASTER is down\r\n", false, true, PROBE_LATER, NULL},
        {&redis, "-DENIED Redis is running in protected mode because\r\n", false, true, PROBE_LATER,
         "protected mode: it takes no connection of another host until it has a password"},
        {&redis_whole, ANSWERED "-READONLY You can't write against a read only replica.\r\n" NO_INFO, false, true,
         PROBE_LATER, "it is a replica, which takes no jobs; name the primary in REDIS_URL"},
        {&redis_of_group, "+PONG\r\n-READONLY You can't write against a read only replica.\r\n" ALONE BOUNDED NOW, false, true,
         PROBE_GOOD, "PONG"},
        {&redis_whole, ANSWERED "-OOM command not allowed when used memory > 'maxmemory'.\r\n" NO_INFO, false, true,
         PROBE_UNABLE, "its memory is full (maxmemory), so it takes no jobs"},
        {&redis_whole, ANSWERED "-NOREPLICAS Not enough good replicas to write.\r\n" NO_INFO, false, true, PROBE_UNABLE,
         NULL},
        {&redis_whole, "+OK\r\n-ERR DB index is out of range\r\n+PONG\r\n:0\r\n", false, true, PROBE_NEVER,
         "it has no database 99, which REDIS_URL names"},
        {&redis_whole, "-WRONGPASS invalid username-password pair\r\n-NOAUTH\r\n", false, true, PROBE_NEVER, NULL},
        {&redis_auth, "-ERR wrong number of arguments for 'auth' command\r\n-NOAUTH\r\n", false, true, PROBE_LATER,
         "it knows no users, as before Redis 6, and Lago's workers need 6.2"},
        {&redis_auth, "+OK\r\n+PONG\r\n", false, true, PROBE_GOOD, NULL},
        {&redis_auth, "-WRONGPASS invalid username-password pair\r\n", false, true, PROBE_NEVER, NULL},
        {&postgres, "N", false, true, PROBE_GOOD, NULL},
        {&postgres, "S", false, true, PROBE_GOOD, NULL},
        {&postgres, "H", false, true, PROBE_LATER, "no PostgreSQL on port 5432"},
        {&postgres, "", true, true, PROBE_LATER, "closed without an answer"},
};

static void every_answer_has_its_meaning(void **state) {
        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const Case *c = &cases[i];
                ProbeReading r = probe_read(c->target, c->bytes, strlen(c->bytes), c->eof);

                if (r.complete != c->complete || (c->complete && r.verdict != c->verdict) ||
                    (c->complete && c->reason && !streq(r.reason, c->reason)))
                        fail_msg("\"%s\": complete %d, verdict %d, \"%s\"", c->bytes, r.complete, r.verdict, r.reason);
        }
}

static void rubbish_is_read_without_harm(void **state) {
        const ProbeTarget *targets[] = {&api, &redis, &redis_auth, &postgres, &name};
        uint64_t seed = 7;

        (void)state;
        for (unsigned i = 0; i < 100000; i++) {
                char bytes[64];
                size_t n = next_random(&seed) % sizeof(bytes);
                ProbeReading r;

                for (size_t k = 0; k < n; k++)
                        bytes[k] = (char)next_random(&seed);
                r = probe_read(targets[i % ELEMENTSOF(targets)], bytes, n, true);
                assert_true(r.complete);
                assert_true(memchr(r.reason, '\0', sizeof(r.reason)) != NULL);
        }
}

static void the_password_is_sent_as_one_argument(void **state) {
        ProbeTarget target = redis_auth;
        _cleanup_(freep) char *request = NULL;
        size_t n;

        (void)state;
        target.password = "a b\r\nFLUSHALL";
        request = probe_request(&target, &n);
        assert_string_equal(request, "*3\r\n$4\r\nAUTH\r\n$7\r\ndefault\r\n$13\r\na b\r\nFLUSHALL\r\nPING\r\n");
}

static void a_name_is_asked_for_label_by_label(void **state) {
        static const unsigned char expected[] = "\x4c\x61\1\0\0\1\0\0\0\0\0\0"
                                                "\3api"
                                                "\3dns"
                                                "\6podman"
                                                "\0"
                                                "\0\1\0\1";
        unsigned char buf[NAME_REQUEST_MAX];
        char longest[300];

        (void)state;
        assert_int_equal(name_request("api.dns.podman", buf), sizeof(expected) - 1);
        assert_memory_equal(buf, expected, sizeof(expected) - 1);
        assert_int_equal(name_request("", buf), 0);
        assert_int_equal(name_request("a..b", buf), 0);
        memset(longest, 'a', sizeof(longest));
        longest[64] = '\0';
        assert_int_equal(name_request(longest, buf), 0);
        longest[63] = '\0';
        assert_int_equal(name_request(longest, buf), 12 + 64 + 5);
        for (size_t i = 0; i < 253; i++)
                longest[i] = i % 2 ? '.' : 'a';
        longest[253] = '\0';
        assert_int_equal(name_request(longest, buf), 12 + 254 + 5);
        longest[253] = 'a';
        longest[254] = '\0';
        assert_int_equal(name_request(longest, buf), 0);
}

static void the_name_server_s_answer_is_understood(void **state) {
        char answer[12] = {0x4c, 0x61, (char)0x81, (char)0x80, 0, 1, 0, 1};

        (void)state;
        assert_int_equal(probe_read(&name, answer, sizeof(answer), false).verdict, PROBE_GOOD);
        answer[3] = (char)0x83;
        assert_string_equal(probe_read(&name, answer, sizeof(answer), false).reason, "it does not know api");
        answer[3] = (char)0x82;
        assert_string_equal(probe_read(&name, answer, sizeof(answer), false).reason, "it fails to look up api");
        assert_string_equal(probe_read(&name, answer, 11, false).reason, "no name server on port 53");
        answer[2] = 1;
        assert_string_equal(probe_read(&name, answer, sizeof(answer), false).reason, "no name server on port 53");
        answer[0] = 0;
        assert_int_equal(probe_read(&name, answer, sizeof(answer), false).verdict, PROBE_LATER);
}

static void the_default_route_is_read(void **state) {
        const char *head = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n";
        _cleanup_(freep) char *good = xasprintf("%seth0\t0000590A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
                                                "eth0\t00000000\t0100590A\t0003\t0\t0\t100\t00000000\t0\t0\t0\n",
                                                head);
        _cleanup_(freep) char *none = xasprintf("%seth0\t0000590A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n", head);
        char address[46];

        (void)state;
        assert_int_equal(netns_default_route(good, address, sizeof(address)), 0);
        assert_string_equal(address, "10.89.0.1");
        assert_int_equal(netns_default_route(none, address, sizeof(address)), -ENOENT);
        assert_int_equal(netns_default_route("", address, sizeof(address)), -ENOENT);
        assert_int_equal(netns_default_route(head, address, sizeof(address)), -ENOENT);
}

/* A number below zero once meant our own network, where another member's port may answer. */
static void a_namespace_that_could_not_be_had_is_not_our_own(void **state) {
        ProbeTarget target = {.question = ASK_HTTP, .place = PROBE_IN_NAMESPACE, .netns_fd = -ENOENT, .address = "127.0.0.1", .port = 1, .path = "/", .timeout_usec = 1};
        Probe *probe = NULL;

        (void)state;
        assert_int_equal(probe_start(NULL, &target, NULL, NULL, &probe), -ENXIO);
        /* Nor is a place that nobody named. */
        target = (ProbeTarget){.question = ASK_HTTP, .address = "127.0.0.1", .port = 1, .path = "/", .timeout_usec = 1};
        assert_int_equal(probe_start(NULL, &target, NULL, NULL, &probe), -ENXIO);
        assert_null(probe);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_answer_has_its_meaning),
                cmocka_unit_test(rubbish_is_read_without_harm),
                cmocka_unit_test(the_password_is_sent_as_one_argument),
                cmocka_unit_test(a_name_is_asked_for_label_by_label),
                cmocka_unit_test(the_name_server_s_answer_is_understood),
                cmocka_unit_test(the_default_route_is_read),
                cmocka_unit_test(a_namespace_that_could_not_be_had_is_not_our_own),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
