/* SPDX-License-Identifier: MIT */
#pragma once
/* What Ruby takes for a URL, as Rails and Lago's client of Redis parse it: less than libpq does. Pure. */

#include <stdbool.h>

/**
 * ruby_url_objection() - why Ruby would not take @url for one: RFC 2396, as its parser reads that.
 *
 * @of_rails  also by Rails' rule for the host, which the client of Redis does not share.
 *
 * Answer: a clause that shows the one character in question and how to write it, no more, as it may be of a password;
 *         NULL for none. The caller frees it. What has no "://" is not judged.
 */
char *ruby_url_objection(const char *url, bool of_rails);
