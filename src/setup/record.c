/* SPDX-License-Identifier: MIT */
/*
 * The engine's record of what volumes there are is a database of its own, and the volumes are folders beside it. A power cut
 * may leave the record empty or torn, and somebody may bring the folders alone from another host: the data is there then, and
 * the engine knows nothing of it.
 */
#include "setup/setup.h"

#include "base/file.h"
#include "base/log.h"
#include "base/passing.h"
#include "base/util.h"

/*
 * Its folder where the engine would make it, with what is in it or nothing: who removes a volume removes that. NULL when it is
 * not there. Errors: -errno, in @ret_error.
 */
static char *folder_of(const Inventory *inventory, const char *volume, int *ret_error) {
        _cleanup_(freep) char *store = inventory_store(inventory), *path = xasprintf("%s/volumes/%s/_data", store, volume);
        int r = directory_has_entries(path);

        *ret_error = r < 0 && errno_is_passing(r) ? r : 0;
        return r >= 0 ? TAKE_PTR(path) : NULL;
}

StepResult setup_known(const Config *config, Inventory *inventory) {
        _cleanup_(strv_freep) char **wanted = setup_volumes(config);
        StepResult result = STEP_DONE;

        STRV_FOREACH(name, wanted) {
                int error = 0;
                char *folder = strv_contains(inventory->volumes, *name) ? NULL : folder_of(inventory, *name, &error);

                if (error < 0)
                        return setup_later(NULL, "Cannot look into the volume %s: %s", *name, strerror(-error));
                if (!folder)
                        continue;
                log_warning("Podman does not know the volume %s, and its folder is there, %s: it is made known again. One that led "
                            "elsewhere (--opt device=) has to be made as it was, by hand.",
                            *name, folder);
                result = setup_make_volume(*name);
                strv_add(&inventory->volumes, *name);
                strv_take(&inventory->mountpoints, folder);
                if (result != STEP_DONE)
                        break;
        }
        return result;
}
