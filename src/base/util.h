/* SPDX-License-Identifier: MIT */
#pragma once
/* What every room stands on: owning pointers, string vectors, strings; and how a program ends. */

#include "base/exit.h"
#include "base/mem.h"
#include "base/strv.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
