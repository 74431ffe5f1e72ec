/* SPDX-License-Identifier: MIT */
#include "base/privileges.h"

#include "base/util.h"

#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <unistd.h>

extern char **environ;

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

/* What a program of that user has use for: all else may be a secret of whoever started us. */
static const char *const kept[] = {
        "PATH=",
        "LANG=",
        "LC_",
        "TZ=",
        "LD_",
        "SSL_CERT_",
        "PGSERVICEFILE=",
        "RES_OPTIONS=",
        "LOCALDOMAIN=",
};

static bool is_kept(const char *variable) {
        for (size_t i = 0; i < ELEMENTSOF(kept); i++)
                if (startswith(variable, kept[i]))
                        return true;
        return false;
}

/* Behind fork(): nothing is allocated. */
static void forget_environment(void) {
        size_t n = 0;

        for (size_t i = 0; environ && environ[i]; i++)
                if (is_kept(environ[i]))
                        environ[n++] = environ[i];
        if (environ)
                environ[n] = NULL;
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
        forget_environment();
        return 0;
}
