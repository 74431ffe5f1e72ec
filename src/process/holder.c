/* SPDX-License-Identifier: MIT */
#include "process/holder.h"

#include "base/file.h"
#include "base/util.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#define PROC_MAX 65536

static char *read_proc(const char *pid, const char *name, size_t *ret_size) {
        _cleanup_(freep) char *path = xasprintf("/proc/%s/%s", pid, name);
        char *text = NULL;

        return file_read(path, PROC_MAX, &text, ret_size) >= 0 ? text : NULL;
}

static bool is_called(const char *pid, const char *program) {
        _cleanup_(freep) char *comm = read_proc(pid, "comm", NULL);

        return comm && streq(strip(comm), program);
}

/* Clients of other members wait for the same. */
static bool is_of_lago(const char *pid) {
        _cleanup_(freep) char *group = read_proc(pid, "cgroup", NULL);

        return !group || strstr(group, "/lago.slice/");
}

/* "T" behind the name in brackets: stopped by a signal, or traced. */
static bool is_paused(const char *pid) {
        _cleanup_(freep) char *stat = read_proc(pid, "stat", NULL);
        const char *state = stat ? strrchr(stat, ')') : NULL;

        return state && state[1] == ' ' && (state[2] == 'T' || state[2] == 't');
}

/* Of its command line the first word that is no option: "save". */
static char *verb_of(const char *pid) {
        size_t size = 0;
        _cleanup_(freep) char *line = read_proc(pid, "cmdline", &size);

        for (size_t i = line ? strlen(line) + 1 : 0; line && i < size; i += strlen(line + i) + 1)
                if (line[i] != '-')
                        return escape_line(line + i);
        return xstrdup("");
}

static char *words(const char *program, const char *pid, bool paused) {
        _cleanup_(freep) char *verb = verb_of(pid);

        return xasprintf("%s%s%.20s (process %s%s)", program, *verb ? " " : "", verb, pid, paused ? ", paused" : "");
}

char *holder_find(const char *program, bool *ret_paused) {
        DIR *directory = opendir("/proc");
        _cleanup_(freep) char *found = NULL;
        struct dirent *entry;
        bool paused = false;

        /* The lowest number is the oldest process, except after the numbers have wrapped around. */
        while (directory && !paused && (entry = readdir(directory))) {
                if (!isdigit((unsigned char)entry->d_name[0]) || !is_called(entry->d_name, program) ||
                    is_of_lago(entry->d_name))
                        continue;
                paused = is_paused(entry->d_name);
                if (paused || !found)
                        free_and_strdup(&found, entry->d_name);
        }
        if (directory)
                (void)closedir(directory);
        *ret_paused = paused;
        return found ? words(program, found, paused) : NULL;
}
