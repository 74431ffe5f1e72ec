/* SPDX-License-Identifier: MIT */
#include "supervisor/container.h"

#include "supervisor/supervisor.h"

char *container_file(const Supervisor *s, const char *suffix) {
        return xasprintf(CONTAINER_DIRECTORY "/%s.%s", s->name, suffix);
}

bool container_fails(const Supervisor *s) {
        return s->wait.cause && s->wait.state == LIFE_START;
}
