/* SPDX-License-Identifier: MIT */
#pragma once

#include "stack/stack.h"

/** reap_run() - "reap MEMBER", systemd's ExecStopPost=: nothing of its container is left. Answers the exit status. */
int reap_run(const Member *member);
