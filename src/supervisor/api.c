/* SPDX-License-Identifier: MIT */
#include "supervisor/api.h"

#include "base/runstate.h"
#include "base/time.h"
#include "base/util.h"
#include "stack/stack.h"

#define TIMEOUT_USEC (5 * USEC_PER_SEC)

void api_ask(Work *work, const Config *config, unsigned attempts, ProbeDone done, void *userdata) {
        const MemberInfo *info = member_info(MEMBER_API);
        const Listen *listen = stack_listen(config, MEMBER_API);
        _cleanup_(freep) char *address = runstate_address(info->name);
        ProbeTarget target = {
                .question = ASK_HTTP,
                .place = PROBE_ON_HOST,
                .address = address,
                .port = info->port,
                .path = info->probe_path,
                .timeout_usec = TIMEOUT_USEC,
        };

        if (!address) {
                done(userdata, PROBE_LATER, "it does not serve yet; see lago-api.service");
                return;
        }
        if (attempts % 2 == 1) {
                target.address = stack_listen_local(listen);
                target.port = listen->port;
        }
        work_probe(work, &target, done, userdata);
}
