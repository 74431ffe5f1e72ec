/* SPDX-License-Identifier: MIT */
#include "ctl/apply.h"

#include "stack/stack.h"

static void add(char **text, const char *more) {
        char *joined = xasprintf("%s%s\n", *text ? *text : "", more ? more : "-");

        if (*text)
                explicit_bzero(*text, strlen(*text));
        free(*text);
        *text = joined;
}

static void add_list(char **text, char *const *list) {
        STRV_FOREACH(word, list)
                add(text, *word);
        add(text, NULL);
}

/* All that a container of the member is made from, but for env.d. */
static char *footprint(const Config *config, MemberKind kind) {
        Member member = {.kind = kind};
        _cleanup_(freep) char *image = stack_image(config, kind);
        _cleanup_(strv_freep) char **volumes = stack_volumes(config, kind), **environment = NULL;
        char *text = NULL;

        add(&text, stack_is_external(config, kind) ? "external" : image);
        add(&text, config->network);
        add_list(&text, volumes);
        environment = stack_environment(config, &member, NULL);
        add_list(&text, environment);
        STRV_FOREACH(pair, environment)
                explicit_bzero(*pair, strlen(*pair));
        if (kind == MEMBER_DB) {
                add(&text, config->shm_size);
                add_list(&text, config->database_arguments);
        } else if (kind == MEMBER_REDIS)
                add(&text, config->redis_append_only ? "append" : NULL);
        return text;
}

static bool is_same(const Config *a, const Config *b, MemberKind kind) {
        _cleanup_(freep) char *left = footprint(a, kind), *right = footprint(b, kind);
        bool same = streq(left, right);

        explicit_bzero(left, strlen(left));
        explicit_bzero(right, strlen(right));
        return same;
}

static char *member_names(const Config *config) {
        size_t n = 0;
        Member *list = stack_members(config, &n);
        char *text = NULL;

        for (size_t i = 0; i < n; i++) {
                _cleanup_(freep) char *name = member_name(&list[i]);

                add(&text, name);
        }
        free(list);
        return text;
}

static bool has_same_members(const Config *a, const Config *b) {
        _cleanup_(freep) char *left = member_names(a), *right = member_names(b);

        return streq(left, right);
}

Extent apply_extent(const Config *admitted, const Config *wanted, char *const *edited, bool other_image) {
        static const MemberKind outside[] = {MEMBER_DB, MEMBER_REDIS, MEMBER_PDF};

        for (size_t i = 0; i < ELEMENTSOF(outside); i++) {
                _cleanup_(freep) char *file = xasprintf("env.d/%s.env", member_info(outside[i])->name);

                if (strv_contains(edited, file) || !is_same(admitted, wanted, outside[i]))
                        return EXTENT_ALL;
        }
        /* systemd is told of members by the generator; with each comes its unit. */
        if (!has_same_members(admitted, wanted))
                return EXTENT_ALL;
        return edited || other_image ? EXTENT_BACKEND : EXTENT_NOTHING;
}
