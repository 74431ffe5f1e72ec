/* SPDX-License-Identifier: MIT */
/* The script that every backend container is started through, where no supervisor of ours is. */
#include "export/export.h"

#include "base/util.h"

#include <stdio.h>

static const char head[] =
        "#!/bin/sh\n"
        "# Between the engine and Lago's own scripts. Nothing of Lago starts before lago-gate has compared the migrations of this\n"
        "# image with those of the database: Lago's /health answers 200 on an empty one, a migration job that ended with 0 proves\n"
        "# nothing, and an engine that restarts a container asks nobody.\n"
        "#\n"
        "#   run migrate           migrate what is pending, and believe nothing but the verdict\n"
        "#   run gate SECONDS      wait for the verdict\n"
        "#   run start SCRIPT...   wait for the verdict, then become Lago's script: the first of these that the image has\n"
        "#   run clock SCRIPT...   the same, as the one clock of the database\n"
        "#   run healthy URL       the schema is verified, and Lago answers\n"
        "set -u\n";

static const char body[] =
        "gate=/gate/lago-gate\n"
        "\n"
        "# Mounted, and not in the environment of the container, which \"inspect\" shows to everybody.\n"
        "if [ -r /run/secrets/lago ]; then\n"
        "        set -a\n"
        "        . /run/secrets/lago\n"
        "        set +a\n"
        "fi\n"
        "\n"
        "# A shell that is process 1 of a container ignores a signal that it has no trap for, and heeds none before what it runs\n"
        "# has ended: a wait is run beside it, and a migration is not, so that a stop ends the one and waits for the other.\n"
        "waited=\n"
        "trap 'kill \"$waited\" 2>/dev/null; exit 143' TERM INT\n"
        "beside() {\n"
        "        \"$@\" &\n"
        "        waited=$!\n"
        "        wait \"$waited\"\n"
        "}\n"
        "\n"
        "# It says on what it waits, once for each cause, and ends with the statuses of lago-gate(8).\n"
        "wait_for_schema() {\n"
        "        # shellcheck disable=SC2086 # it is a list\n"
        "        beside \"$gate\" wait --require-roles $options \"$@\" || exit\n"
        "        wait_for_clickhouse \"$@\"\n"
        "}\n"
        "\n"
        "# Old scripts of Lago do not end in an exec: their shell would be process 1 and ignore the signal to stop.\n"
        "become() {\n"
        "        for script; do\n"
        "                [ ! -f \"$script\" ] || break\n"
        "        done\n"
        "        [ -f \"$script\" ] || { echo \"This image has no $*: is it the API's?\"; exit 81; }\n"
        "        last=$(sed -n '/^[[:space:]]*[^#[:space:]]/p' \"$script\" | tail -n 1)\n"
        "        case $last in\n"
        "        *exec\\ *) exec \"./$script\" ;;\n"
        "        *) exec /bin/sh -c \"exec $last\" ;;\n"
        "        esac\n"
        "}\n"
        "\n"
        "# lock WHICH: waits until it is ours, whatever other host has it. It is kept for as long as descriptor 3 is open.\n"
        "lock() {\n"
        "        rm -f \"/tmp/lago-$1\"\n"
        "        mkfifo \"/tmp/lago-$1\" || exit\n"
        "        \"$gate\" hold --lock \"$1\" >\"/tmp/lago-$1\" &\n"
        "        holder=$!\n"
        "        exec 3<\"/tmp/lago-$1\"\n"
        "        while read -r word at <&3; do\n"
        "                [ \"$word\" != held ] || return 0\n"
        "                echo \"Waiting: the $1 of this database runs at $at\"\n"
        "        done\n"
        "        wait \"$holder\"\n"
        "        status=$?\n"
        "        # The connection was lost: that is no end.\n"
        "        [ \"$status\" -eq 75 ] || exit \"$status\"\n"
        "        sleep 1\n"
        "        return 1\n"
        "}\n"
        "\n"
        "# Whether the lock is ours still: it is lost with the database's session, and its holder ends.\n"
        "holds() {\n"
        "        [ -n \"${holder-}\" ] || return 1\n"
        "        case $(sed -n 's/^State:[[:space:]]*//p' \"/proc/$holder/status\" 2>/dev/null) in\n"
        "        '' | Z* | X*) return 1 ;;\n"
        "        esac\n"
        "}\n"
        "\n"
        "verdict() {\n"
        "        # shellcheck disable=SC2086 # it is a list\n"
        "        answer=$(\"$gate\" check --format=export $options 2>/dev/null)\n"
        "        status=$?\n"
        "        ask_clickhouse\n"
        "        sentence=$(field SENTENCE)\n"
        "        [ \"$sentence\" = \"${told-}\" ] || echo \"$sentence\"\n"
        "        told=$sentence\n"
        "}\n"
        "\n"
        "field() {\n"
        "        printf '%s\\n' \"$answer\" | sed -n \"s/^$1=//p\"\n"
        "}\n"
        "\n"
        "# What it ends with is told and not believed: some releases end with 0 after a failed migration.\n"
        "run_migrations() {\n"
        "        if [ \"$(field FRESH)\" = replay ]; then\n"
        "                # shellcheck disable=SC2086 # it is a list\n"
        "                \"$gate\" prepare-replay $options || exit\n"
        "        fi\n"
        "        bundle exec rails db:migrate 3<&-\n"
        "        echo \"rails db:migrate ended with status $?\"\n"
        "}\n"
        "\n"
        "must_be_ordered() {\n"
        "        if [ \"$status$automatic\" = 10no ] && [ \"${1-}\" != now ]; then\n"
        "                echo 'automatic = no in lago.conf: run this once with the argument \"now\" behind \"migrate\"'\n"
        "                exit 10\n"
        "        fi\n"
        "}\n"
        "\n"
        "# Nothing pending: no Rails is started at all. A verdict that neither time nor a migration can change is the end.\n"
        "migrate() {\n"
        "        tried=\n"
        "        while verdict; [ \"$status\" -ne 0 ]; do\n"
        "                case $status in\n"
        "                10 | 11 | 12)\n"
        "                        must_be_ordered \"$@\"\n"
        "                        if ! holds; then\n"
        "                                # Whoever had the lock may have migrated: so it is asked again behind it. A try during which\n"
        "                                # it was lost, as the database went away, does not count.\n"
        "                                tried=\n"
        "                                lock migrate || :\n"
        "                        elif [ -n \"$tried\" ]; then\n"
        "                                exit 83\n"
        "                        else\n"
        "                                tried=yes\n"
        "                                run_migrations\n"
        "                        fi\n"
        "                        ;;\n"
        "                13 | 2[0-3]) sleep 1 ;;\n"
        "                *) field REMEDY; exit \"$status\" ;;\n"
        "                esac\n"
        "        done\n"
        "        [ \"$(field ROLES)\" != missing ] || [ -z \"$(field SEEDS)\" ] || bundle exec rails \"$(field SEEDS)\" 3<&-\n"
        "}\n"
        "\n"
        "# Two clocks would enqueue each periodic job twice. When the lock is lost with the database's session, this one ends.\n"
        "run_clock() {\n"
        "        until lock clock; do :; done\n"
        "        clock=\n"
        "        trap 'kill -TERM \"$clock\" 2>/dev/null' TERM INT\n"
        "        become \"$@\" 3<&- &\n"
        "        clock=$!\n"
        "        {\n"
        "                while read -r word <&3; do :; done\n"
        "                kill -TERM \"$clock\" 2>/dev/null\n"
        "        } &\n"
        "        wait \"$clock\"\n"
        "        status=$?\n"
        "        # A signal ends a wait, but not yet the clock.\n"
        "        while kill -0 \"$clock\" 2>/dev/null; do\n"
        "                wait \"$clock\"\n"
        "                status=$?\n"
        "        done\n"
        "        kill \"$holder\" 2>/dev/null\n"
        "        exit \"$status\"\n"
        "}\n"
        "\n"
        "verb=$1\n"
        "shift\n"
        "case $verb in\n"
        "migrate) migrate \"$@\" ;;\n"
        "gate) wait_for_schema --timeout \"$1\" ;;\n"
        "start) wait_for_schema; become \"$@\" ;;\n"
        "clock) wait_for_schema; run_clock \"$@\" ;;\n"
        "healthy)\n"
        "        # shellcheck disable=SC2086 # it is a list\n"
        "        \"$gate\" check $options >/dev/null && curl -fsS -o /dev/null \"$1\"\n"
        "        ;;\n"
        "*) exit 64 ;;\n"
        "esac\n";

static const char with_clickhouse[] =
        "clickhouse() {\n"
        "        # shellcheck disable=SC2086 # it is a list\n"
        "        \"$gate\" manifest --root / | \"$gate-clickhouse\" \"$@\" --manifest - $clickhouse_options\n"
        "}\n"
        "\n"
        "wait_for_clickhouse() {\n"
        "        beside clickhouse wait \"$@\" || exit\n"
        "}\n"
        "\n"
        "# The same task of Rails migrates both databases: what is pending in one of them is, and what neither time nor that task\n"
        "# helps in the second is told before anything of the first is changed.\n"
        "ask_clickhouse() {\n"
        "        case $status in\n"
        "        0 | 1[0-2]) ;;\n"
        "        *) return ;;\n"
        "        esac\n"
        "        second=$(clickhouse check --format=export 2>/dev/null)\n"
        "        second_status=$?\n"
        "        case $status:$second_status in\n"
        "        *:0 | 1?:1[0-2]) return ;;\n"
        "        0:1[0-2]) status=10 ;;\n"
        "        *) status=$second_status ;;\n"
        "        esac\n"
        "        answer=$second\n"
        "}\n";

static const char without_clickhouse[] =
        "wait_for_clickhouse() {\n"
        "        :\n"
        "}\n"
        "\n"
        "ask_clickhouse() {\n"
        "        :\n"
        "}\n";

static const char *fresh_word(FreshMode mode) {
        return mode == FRESH_LOAD ? "load" : mode == FRESH_REPLAY ? "replay"
                                                                  : "auto";
}

/* Releases and numbers, as lago.conf is checked to have: no word of them means anything to a shell. */
static char *judging(const Config *config) {
        _cleanup_(freep) char *tombstones = strv_join(config->tombstones, ",");

        return xasprintf("--target=%s%s%s", config->release, isempty(tombstones) ? "" : " --tombstones=", tombstones);
}

char *export_run_script(const ExportInput *input) {
        const Config *config = input->config;
        _cleanup_(freep) char *passed = strv_join(config->passed_bridges, ","), *both = judging(config);
        bool clickhouse = stack_has_clickhouse(config, NULL);

        return xasprintf("%s\noptions='--app=/app %s --fresh=%s%s%s'\nautomatic=%s\n%s%s%s%s%s\n%s", head, both,
                         fresh_word(config->migrate_fresh), isempty(passed) ? "" : " --passed-bridges=", passed,
                         config->migrate_automatic ? "yes" : "no", clickhouse ? "clickhouse_options='" : "", clickhouse ? both : "",
                         export_has_clickhouse_ca(input) ? " --ca-file=" EXPORT_CLICKHOUSE_CA : "", clickhouse ? "'\n" : "", clickhouse ? with_clickhouse : without_clickhouse, body);
}

char **export_run_verb(const Member *member) {
        _cleanup_(strv_freep) char **scripts = stack_scripts(member);
        char **verb = NULL;

        if (!scripts)
                return NULL;
        strv_add(&verb, member->kind == MEMBER_CLOCK ? "clock" : "start");
        strv_extend(&verb, scripts);
        return verb;
}
