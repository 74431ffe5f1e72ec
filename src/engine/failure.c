/* SPDX-License-Identifier: MIT */
#include "engine/engine.h"

#include "base/util.h"

#define LAYER_DIGITS 64
#define LINK_LETTERS 26

/*
 * "stat /var/lib/containers/storage/overlay/c78b...0205: no such file or directory": a layer's directory, or its files,
 * nothing in it; or
 * "readlink .../overlay/l/2F5HPQVJ...: no such file or directory": the short name of one.
 */
static bool layer_is_gone(const char *text) {
        for (const char *s = text; (s = strstr(s, "/overlay/")); s++) {
                const char *id = s + strlen("/overlay/"), *link = startswith(id, "l/");
                size_t n = link ? strspn(link, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") : strspn(id, "0123456789abcdef");
                const char *rest;

                if (n != (link ? LINK_LETTERS : LAYER_DIGITS))
                        continue;
                rest = (link ? link : id) + n;
                if (startswith(rest, ": no such file or directory") || startswith(rest, "/diff: no such file or directory"))
                        return true;
        }
        return false;
}

/*
 * 'creating overlay mount to .../merged, mount_data="lowerdir=...": no such file or directory', or
 * "open .../overlay-images/7ff6.../manifest: no such file or directory".
 */
static bool part_is_gone(const char *text) {
        const char *mount = strstr(text, "creating overlay mount to "), *file = strstr(text, "/overlay-images/");

        return (mount && (strstr(mount, ": no such file or directory") || strstr(mount, ": invalid argument"))) ||
               (file && strstr(file, ": no such file or directory"));
}

EngineFailure engine_failure(const char *text) {
        static const struct {
                const char *words;
                EngineFailure failure;
        } table[] = {
                {"is already in use", ENGINE_NAME_TAKEN},
                /* The engine's own list has it, that of its store has not. */
                {"is in use: container already exists", ENGINE_NAME_TAKEN},
                {"network not found", ENGINE_NETWORK_ABSENT},
                /* What a power cut leaves of a store that is written unsynced: empty files, and names without them. */
                {"/overlay: invalid argument", ENGINE_IMAGE_DAMAGED},
                {"/overlay/l: invalid argument", ENGINE_IMAGE_DAMAGED},
                {"recreating the links", ENGINE_IMAGE_DAMAGED},
                {"config.json digest", ENGINE_IMAGE_DAMAGED},
                {"may be corrupted (remove the image", ENGINE_IMAGE_DAMAGED},
                {"layer not known", ENGINE_IMAGE_DAMAGED},
                {"unexpected end of JSON input", ENGINE_IMAGE_DAMAGED},
                {"looking for beginning of value", ENGINE_IMAGE_DAMAGED},
                {"image not known", ENGINE_IMAGE_ABSENT},
                {"no such image", ENGINE_IMAGE_ABSENT},
                {"no space left on device", ENGINE_DISK_FULL},
                {"manifest unknown", ENGINE_NO_SUCH_IMAGE},
                {"name unknown", ENGINE_NO_SUCH_IMAGE},
                {"repository name not known", ENGINE_NO_SUCH_IMAGE},
                {"no image found in image index for architecture", ENGINE_OTHER_MACHINE},
                {"no image found in manifest list for architecture", ENGINE_OTHER_MACHINE},
                {"exec format error", ENGINE_OTHER_MACHINE},
                {"unauthorized", ENGINE_DENIED},
                {"access to the resource is denied", ENGINE_DENIED},
        };

        /* Its words, on a line of their own: "failed to bind udp listener on 10.89.0.1:53: ... Address already in use". */
        if (strcasestr(text, "error starting server") && strcasestr(text, "address already in use"))
                return ENGINE_NAMES_TAKEN;
        for (size_t i = 0; i < ELEMENTSOF(table); i++)
                if (strcasestr(text, table[i].words))
                        return table[i].failure;
        return layer_is_gone(text) || part_is_gone(text) ? ENGINE_IMAGE_DAMAGED : ENGINE_FAILED;
}

/* Of Podman 4, which names it in what it says, and of later ones. */
#define RECORD_4 "/var/lib/containers/storage/libpod/bolt_state.db"
#define RECORD   "/var/lib/containers/storage/db.sql"

const char *engine_record_damage(const char *words, const char **ret_record) {
        static const char *const signs[] = {"invalid database", "file is not a database", "database disk image is malformed",
                                            "malformed database schema"};

        *ret_record = strstr(words, RECORD_4) ? RECORD_4 : RECORD;
        for (size_t i = 0; i < ELEMENTSOF(signs); i++)
                if (strstr(words, signs[i]))
                        return signs[i];
        return NULL;
}

/* "image platform (linux/arm64) does not match the expected platform (linux/amd64)" */
bool engine_other_platform(const char *text) {
        return strstr(text, "does not match the expected platform") != NULL;
}

const char *engine_machine(const char *machine) {
        static const char *const table[][2] = {{"x86_64", "amd64"}, {"aarch64", "arm64"}, {"armv7l", "arm"}, {"i686", "386"}};

        for (size_t i = 0; i < ELEMENTSOF(table); i++)
                if (streq(machine, table[i][0]))
                        return table[i][1];
        return machine;
}

char *engine_reason(const char *text, size_t max) {
        _cleanup_(freep) char *line = engine_last_line(text);
        const char *end = line + strlen(line), *cut = end - max, *part;

        if ((size_t)(end - line) <= max)
                return TAKE_PTR(line);
        part = strstr(cut, ": ");
        if (part && part[2])
                return xstrdup(part + 2);
        /* Not in the midst of a character. */
        for (cut += 3; ((unsigned char)*cut & 0xc0) == 0x80; cut++)
                ;
        return xasprintf("...%s", cut);
}

char *engine_last_line(const char *text) {
        _cleanup_(strv_freep) char **lines = strv_split(text, "\n");
        size_t n = strv_length(lines);
        const char *line = n > 0 ? lines[n - 1] : "no message", *rest = startswith(line, "Error: ");

        return escape_line(rest ? rest : line);
}
