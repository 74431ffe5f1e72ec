/* SPDX-License-Identifier: MIT */
#include "base/passing.h"

#include "base/util.h"

/* clang-format off */
static const struct {
        int number, status;
} passing[] = {
        {ENOMEM,     EXIT_OSERR},
        {ENFILE,     EXIT_OSERR},
        {EMFILE,     EXIT_OSERR},
        {ENOBUFS,    EXIT_OSERR},
        {EAGAIN,     EXIT_OSERR}, /* of fork(): no more processes */
        {EIO,        EXIT_TEMPFAIL},
        {EREMOTEIO,  EXIT_TEMPFAIL},
        {ENOSPC,     EXIT_TEMPFAIL},
        {EDQUOT,     EXIT_TEMPFAIL},
        {EINTR,      EXIT_TEMPFAIL},
        {EBUSY,      EXIT_TEMPFAIL},
        {ETIMEDOUT,  EXIT_TEMPFAIL},
        {ESTALE,     EXIT_TEMPFAIL}, /* NFS, whose server was started anew */
        {EHOSTDOWN,  EXIT_TEMPFAIL},
        {ENOTCONN,   EXIT_TEMPFAIL}, /* FUSE, whose server ended */
};
/* clang-format on */

int errno_status(int r) {
        for (size_t i = 0; i < ELEMENTSOF(passing); i++)
                if (r == -passing[i].number)
                        return passing[i].status;
        return 0;
}

bool errno_is_passing(int r) {
        return errno_status(r) != 0;
}

bool text_is_passing(const char *text) {
        for (size_t i = 0; i < ELEMENTSOF(passing); i++)
                if (strstr(text, strerror(passing[i].number)))
                        return true;
        return false;
}
