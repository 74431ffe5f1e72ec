/* SPDX-License-Identifier: MIT */
#include "base/privileges.h"

#include "base/util.h"

#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <unistd.h>

static uid_t gate_uid;
static gid_t gate_gid;

int privileges_init(void) {
        const struct passwd *user;

        errno = 0;
        user = getpwnam(GATE_USER);
        if (!user)
                return errno > 0 ? -errno : -ENOENT;
        gate_uid = user->pw_uid;
        gate_gid = user->pw_gid;
        return 0;
}

/* While it is root: this asks for a capability itself. -EINVAL says that the kernel knows no more of them. */
static int empty_bounding_set(void) {
        int in_set;

        for (unsigned long cap = 0; (in_set = prctl(PR_CAPBSET_READ, cap, 0, 0, 0)) >= 0; cap++)
                if (in_set > 0 && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
                        return -errno;
        return 0;
}

int privileges_drop(void) {
        int r;

        /*
         * Leaving uid 0 drops the capabilities; no_new_privs keeps set-user-ID programs from giving them back, and the empty
         * bounding set those that a file has.
         */
        if (gate_uid == 0)
                return -EPERM;
        if ((r = empty_bounding_set()) < 0)
                return r;
        if (setgroups(0, NULL) < 0 || setresgid(gate_gid, gate_gid, gate_gid) < 0 ||
            setresuid(gate_uid, gate_uid, gate_uid) < 0 ||
            prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return -errno;
        return 0;
}
