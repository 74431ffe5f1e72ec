/* SPDX-License-Identifier: MIT */
/* For the build alone: writes every unit file into a folder, or prints the keys of lago.conf for packaging/check-keys. */
#include "base/file.h"
#include "base/util.h"
#include "config/config.h"
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

static int print_keys(void) {
        const ConfigKey *keys;
        size_t n;

        keys = config_keys(&n);
        for (size_t i = 0; i < n; i++)
                printf("%s %s %s\n", keys[i].section, keys[i].name,
                       keys[i].fallback ? keys[i].fallback : "");
        return EXIT_SUCCESS;
}

int main(int argc, char **argv) {
        const char *const *names;
        size_t n;

        if (argc != 2) {
                fprintf(stderr, "Usage: render-units DIR | --keys\n");
                return EXIT_USAGE;
        }
        if (streq(argv[1], "--keys"))
                return print_keys();
        names = unit_names(&n);
        for (size_t i = 0; i < n; i++)
                if (write_unit(argv[1], names[i]) < 0)
                        return EXIT_FAILURE;
        return EXIT_SUCCESS;
}
