/* SPDX-License-Identifier: MIT */
#include "ctl/ctl.h"

#include "base/log.h"

static int unknown_flag(const Verb *verb, const char *word, const Flag *flags, size_t n_flags) {
        const char *names[8], *nearest;
        size_t n = n_flags < ELEMENTSOF(names) ? n_flags : ELEMENTSOF(names);

        for (size_t i = 0; i < n; i++)
                names[i] = flags[i].name;
        nearest = nearest_word(word, names, n);
        if (nearest)
                log_error("%s has no option \"%s\"; did you mean %s?", verb->name, word, nearest);
        else
                log_error("%s has no option \"%s\"; see lagoctl %s --help", verb->name, word,
                          verb->name);
        return -EINVAL;
}

static bool take_flag(const char *word, const Flag *flags, size_t n_flags) {
        for (size_t i = 0; i < n_flags; i++)
                if (streq(flags[i].name, word)) {
                        *flags[i].value = true;
                        return true;
                }
        return false;
}

int arguments_parse(const Verb *verb, int argc, char **argv, const Flag *flags, size_t n_flags,
                    const char **words, size_t min, size_t max) {
        bool only_words = false;
        size_t n = 0;

        for (size_t i = 0; i < max; i++)
                words[i] = NULL;
        for (int i = 1; i < argc; i++) {
                if (!only_words && streq(argv[i], "--"))
                        only_words = true;
                else if (!only_words && argv[i][0] == '-') {
                        if (!take_flag(argv[i], flags, n_flags))
                                return unknown_flag(verb, argv[i], flags, n_flags);
                } else if (n < max)
                        words[n++] = argv[i];
                else {
                        log_error("%s: \"%s\" is one argument too many; see lagoctl %s --help",
                                  verb->name, argv[i], verb->name);
                        return -EINVAL;
                }
        }
        if (n < min) {
                log_error("%s: %s is missing; see lagoctl %s --help", verb->name, verb->arguments,
                          verb->name);
                return -EINVAL;
        }
        return 0;
}
