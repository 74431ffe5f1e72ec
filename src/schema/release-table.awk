# SPDX-License-Identifier: MIT
# Prints src/schema/release-table.c from tests/data/releases.txt:
#   awk -f src/schema/release-table.awk tests/data/releases.txt > src/schema/release-table.c

/^=/ { name[++releases] = $2; structure[releases] = ($3 == "structure"); end[releases] = count }
/^\+/ { version[++count] = $2; end[releases] = count }

END {
        print "/* SPDX-License-Identifier: MIT */"
        print "/* Made by release-table.awk from tests/data/releases.txt, which says where it is from. Do not edit. */"
        print "#include \"schema/releases.h\""
        print ""
        print "/* clang-format off */"
        print "const uint64_t release_versions[] = {"
        for (i = 1; i <= count; i++)
                printf "%s%s,%s", i % 6 == 1 ? "        " : " ", version[i], i % 6 == 0 || i == count ? "\n" : ""
        print "};"
        print ""
        print "const Release releases[] = {"
        for (i = 1; i <= releases; i++)
                printf "        { \"%s\", %d, %s },\n", name[i], end[i], structure[i] ? "true" : "false"
        print "};"
        print "/* clang-format on */"
        print ""
        print "_Static_assert(sizeof(releases) / sizeof(releases[0]) < RELEASES_MAX, \"RELEASES_MAX is too small\");"
        print "const size_t n_releases = sizeof(releases) / sizeof(releases[0]);"
}
