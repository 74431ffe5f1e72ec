/* SPDX-License-Identifier: MIT */
#pragma once

#include "stack/stack.h"

/** supervisor_run() - the whole life of "lago-supervisor run MEMBER"; answers its exit status. */
int supervisor_run(const Member *member);
