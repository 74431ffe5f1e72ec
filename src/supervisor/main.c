/* SPDX-License-Identifier: MIT */
#include "base/log.h"
#include "ready/ready.h"
#include "supervisor/reap.h"
#include "supervisor/run.h"

#include <stdio.h>

static const char help[] =
        "lago-supervisor runs one member of Lago as a systemd service.\n"
        "\n"
        "  lago-supervisor run MEMBER    run it: wait, verify the schema, start, probe, say READY=1\n"
        "  lago-supervisor ready         hold lago.target's start until everything serves, and keep it so\n"
        "  lago-supervisor again         start \"ready\" again when it did not end by itself\n"
        "  lago-supervisor resume        start again what a failure had left, when migrate is done\n"
        "  lago-supervisor reap MEMBER   stop and remove what is left of its container\n"
        "  lago-supervisor --help        this text\n"
        "  lago-supervisor --version\n"
        "\n"
        "MEMBER is db, redis, migrate, api, worker, worker@POOL, clock, front or pdf.\n"
        "systemd starts it from lago-MEMBER.service; use \"systemctl start lago.target\", not this program.\n"
        "\n"
        "Exit status: 0 stopped as asked, 64 wrong command line, 78 configuration, 79 a member failed (ready),\n"
        "80 schema, 81 image, 82 keys, 83 migration, 84 server, 85 somebody else's name or port: all these are final;\n"
        "70, 71, 75: systemd starts it again. See lago-supervisor(8).\n";

static int usage(const char *text, const char *word) {
        fprintf(stderr, "lago-supervisor: %s%s%s%s. Try \"lago-supervisor --help\".\n", text, word ? " \"" : "",
                word ? word : "", word ? "\"" : "");
        return EXIT_USAGE;
}

static int with_member(int (*mode)(const Member *), const char *name) {
        Member member;

        if (!name)
                return usage("which member?", NULL);
        if (member_parse(name, &member) < 0)
                return usage("there is no member", name);
        return mode(&member);
}

int main(int argc, char **argv) {
        const char *verb = argc > 1 ? argv[1] : NULL;

        log_init("lago-supervisor");
        if (!verb)
                return usage("what to do?", NULL);
        if (streq(verb, "--help") || streq(verb, "-h")) {
                fputs(help, stdout);
                return 0;
        }
        if (streq(verb, "--version")) {
                puts("lago-supervisor " LAGO_VERSION);
                return 0;
        }
        if (argc > 3 || (argc > 2 && (streq(verb, "ready") || streq(verb, "again") || streq(verb, "resume"))))
                return usage("too many words behind", verb);
        if (streq(verb, "run"))
                return with_member(supervisor_run, argv[2]);
        if (streq(verb, "reap"))
                return with_member(reap_run, argv[2]);
        if (streq(verb, "ready"))
                return ready_run();
        if (streq(verb, "again"))
                return again_run();
        if (streq(verb, "resume"))
                return resume_run();
        return usage("unknown command", verb);
}
