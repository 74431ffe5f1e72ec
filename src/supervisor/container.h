/* SPDX-License-Identifier: MIT */
#pragma once
/* The container: made, started, its end noticed, stopped with its grace, removed. */

#include <sys/types.h>

typedef struct Supervisor Supervisor;

/** enter_create() - OK when there is a container, of which nothing runs. */
void enter_create(Supervisor *s);
/** enter_start() - OK, or MIGRATE, when it runs. */
void enter_start(Supervisor *s);
/** enter_clean(), enter_doom(), enter_stop() - OK when it is gone, and what it wrote last is in the journal. */
void enter_clean(Supervisor *s);
void enter_doom(Supervisor *s);
void enter_stop(Supervisor *s);

/** on_stranger() - a JobStranger: the container's monitor, its first process, or nobody's. ENDED when it was the container's end. */
void on_stranger(void *userdata, pid_t pid, int code, int status);
