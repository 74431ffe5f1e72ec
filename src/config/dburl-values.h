/* SPDX-License-Identifier: MIT */
#pragma once
/* What libpq takes as the value of a keyword: with another it does not even try to connect. */

#include <stdbool.h>
#include <stddef.h>

/** dburl_is_port() - the @n bytes at @s are a number from 1 to 65535. */
bool dburl_is_port(const char *s, size_t n);

/** dburl_takes() - whether @value is one of @keyword; of a keyword that takes any, it is. */
bool dburl_takes(const char *keyword, const char *value);
