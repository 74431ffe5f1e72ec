/* SPDX-License-Identifier: MIT */
#pragma once
/* Errors of a generator: process 1 waits for it, so telling them must never wait for anybody. */

/**
 * complain() - one error, where somebody will find it.
 *
 * @file  of the configuration that is refused, with @line 0 as a whole; NULL when it is about something else.
 *
 * Called by systemd, that is the journal if its socket takes it at once, else the kernel log; else standard error.
 */
void complain(const char *file, unsigned line, const char *text);
