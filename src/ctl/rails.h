/* SPDX-License-Identifier: MIT */
#pragma once
/* What "lagoctl rails" has to say before a command runs. Pure. */

/**
 * rails_unheard() - a variable that Lago's tasks look at and that this one will not see.
 *
 * @arguments    of the command: NAME=VALUE among them reaches it.
 * @environment  lagoctl's own, which does not.
 *
 * Answer: "DRY_RUN=false", which belongs to @environment, or NULL.
 */
const char *rails_unheard(char *const *arguments, char *const *environment);

/** rails_elsewhere() - a sentence when a command does not run in the release that is configured; NULL when it does. */
char *rails_elsewhere(const char *admitted, const char *configured);
