/* SPDX-License-Identifier: MIT */
/* render-units DIR: writes every unit file into DIR. */
#include "base/file.h"
#include "base/util.h"
#include "units/render.h"

#include <stdio.h>

static int write_unit(const char *directory, const char *name) {
        _cleanup_(freep) char *path = xasprintf("%s/%s", directory, name);
        _cleanup_(freep) char *text = unit_render(name);
        int r = file_write(path, text, 0644);

        if (r < 0)
                fprintf(stderr, "render-units: cannot write %s: %s\n", path, strerror(-r));
        return r;
}

int main(int argc, char **argv) {
        const char *const *names;
        size_t n;

        if (argc != 2) {
                fprintf(stderr, "Usage: render-units DIR\n");
                return EXIT_USAGE;
        }
        names = unit_names(&n);
        for (size_t i = 0; i < n; i++)
                if (write_unit(argv[1], names[i]) < 0)
                        return EXIT_FAILURE;
        return EXIT_SUCCESS;
}
