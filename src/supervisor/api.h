/* SPDX-License-Identifier: MIT */
#pragma once
/* The API of this host: whether it answers those that wait for it. */

#include "config/config.h"
#include "supervisor/work.h"

/**
 * api_ask() - asks the API, as the work of a state; @done is called once unless that is dropped before.
 *
 * @attempts  questions so far for the same cause. Every other time it is asked where it is published: on a host whose packets to
 *            the container's own address got lost, with the published one answering, a clock waited for minutes.
 */
void api_ask(Work *work, const Config *config, unsigned attempts, ProbeDone done, void *userdata);
