/* SPDX-License-Identifier: MIT */
#include "schema/versions.h"

#include "base/util.h"

#define DIGITS_MAX 18 /* of any number below 2^59: what 64 bits hold without a second look */

int versions_parse(const char *s, size_t size, uint64_t *ret) {
        uint64_t value = 0;

        if (size == 0 || size > DIGITS_MAX)
                return -EINVAL;
        for (size_t i = 0; i < size; i++) {
                if (s[i] < '0' || s[i] > '9')
                        return -EINVAL;
                value = value * 10 + (uint64_t)(s[i] - '0');
        }
        *ret = value;
        return 0;
}

int versions_parse_list(const char *list, Versions *set) {
        _cleanup_(strv_freep) char **words = strv_split(list, ", ");

        STRV_FOREACH(word, words) {
                uint64_t version;

                if (versions_parse(*word, strlen(*word), &version) < 0)
                        return -EINVAL;
                versions_add(set, version);
        }
        (void)versions_sort(set);
        return 0;
}

void versions_add(Versions *set, uint64_t version) {
        if (set->n == set->room) {
                set->room = set->room > 0 ? set->room * 2 : 64;
                set->list = xrealloc(set->list, set->room * sizeof(uint64_t));
        }
        set->list[set->n++] = version;
}

static int compare(const void *a, const void *b) {
        const uint64_t *x = a, *y = b;

        return (*x > *y) - (*x < *y);
}

/* Ascending, and none twice: as manifests are written, and as tables tell what was inserted in order. */
static bool is_sorted(const Versions *set) {
        for (size_t i = 1; i < set->n; i++)
                if (set->list[i - 1] >= set->list[i])
                        return false;
        return true;
}

size_t versions_sort(Versions *set) {
        size_t n = 0, before = set->n;

        if (is_sorted(set))
                return 0;
        qsort(set->list, before, sizeof(uint64_t), compare);
        for (size_t i = 0; i < before; i++)
                if (n == 0 || set->list[i] != set->list[n - 1])
                        set->list[n++] = set->list[i];
        set->n = n;
        return before - n;
}

bool versions_has(const Versions *set, uint64_t version) {
        return set->n > 0 && bsearch(&version, set->list, set->n, sizeof(uint64_t), compare) != NULL;
}

size_t versions_minus(const Versions *a, const Versions *b, Versions *ret) {
        Versions rest = {};
        size_t n = 0, j = 0;

        for (size_t i = 0; i < a->n; i++) {
                while (j < b->n && b->list[j] < a->list[i])
                        j++;
                if (j < b->n && b->list[j] == a->list[i])
                        continue;
                n++;
                if (ret)
                        versions_add(&rest, a->list[i]);
        }
        if (ret)
                *ret = rest;
        return n;
}

bool versions_is_subset(const Versions *a, const Versions *b) {
        return versions_minus(a, b, NULL) == 0;
}

void versions_or(const Versions *a, const Versions *b, Versions *ret) {
        Versions both = {};
        size_t i = 0, j = 0;

        while (i < a->n || j < b->n) {
                bool first = j == b->n || (i < a->n && a->list[i] <= b->list[j]);
                uint64_t version = first ? a->list[i] : b->list[j];

                versions_add(&both, version);
                i += i < a->n && a->list[i] == version;
                j += j < b->n && b->list[j] == version;
        }
        *ret = both;
}

uint64_t versions_newest(const Versions *set) {
        return set->n > 0 ? set->list[set->n - 1] : 0;
}

void versions_done(Versions *set) {
        free(set->list);
        *set = (Versions){};
}
