# SPDX-License-Identifier: MIT
# The verdict of every ordered pair of releases: a database of the first, an image of the second. An oracle for
# tests/unit/test-pairs.c, by plain membership and nothing else: it must not share a line or a thought with the C.
#
#   awk -f tests/data/pairs.awk tests/data/releases.txt
#
# Prints "DATABASE IMAGE VERDICT EXTRA MISSING", and "old" behind it when each extra version is older than the
# image's newest: what a comparison of the newest versions would not see.
#
# Each version has a life: one letter per release, "f" where it is a file, "s" where only structure.sql records it, "."
# where it is not. Versions with the same life are counted together.

BEGIN { n_stops = split("v1.20.0 v1.25.0 v1.28.1 v1.30.0 v1.32.0 v1.42.0 v1.44.0 v1.45.0 v1.50.0", stop_at, " ") }

/^=/ { keep(); tag = $2; recorded = ($3 == "structure") }
/^\+/ { file[$2] = 1; all[$2] = 1 }
/^-/ { delete file[$2] }

function keep(    v, letter) {
        if (tag == "" || tag == "HEAD")
                return
        name[++n] = tag
        for (v in all) {
                letter = (v in file) ? "f" : recorded ? "s" : "."
                while (length(life[v]) < n - 1)
                        life[v] = life[v] "."
                life[v] = life[v] letter
                if (letter != "." && v > newest[n])
                        newest[n] = v
        }
}

function group(    v, i) {
        for (v in life) {
                if (!(life[v] in count)) {
                        lives[++n_lives] = life[v]
                        for (i = 1; i <= n; i++)
                                state[n_lives, i] = substr(life[v], i, 1)
                }
                count[life[v]]++
                if (v > latest[life[v]])
                        latest[life[v]] = v
        }
        for (i = 1; i <= n_lives; i++)
                times[i] = count[lives[i]]
}

# How many versions of a's are not in b's.
function less(a, b,    i, k) {
        k = 0
        for (i = 1; i <= n_lives; i++)
                if (state[i, a] != "." && state[i, b] == ".")
                        k += times[i]
        return k
}

function judge(a, b,    i, s) {
        extra = less(a, b)
        missing = less(b, a)
        old = extra > 0
        for (i = 1; i <= n_lives && extra > 0; i++)
                if (state[i, a] != "." && state[i, b] == "." && latest[lives[i]] > newest[b])
                        old = 0
        if (extra > 0)
                return "ahead"
        if (missing == 0)
                return "verified"
        for (i = 1; i <= n_lives; i++)
                if (state[i, a] == "." && state[i, b] == "s")
                        return "gap"
        for (i = 1; i <= n_stops; i++) {
                s = stop_at[i]
                if (minus[a, s] == 0 && minus[s, a] > 0 && minus[b, s] > 0)
                        return "stop"
        }
        return "pending"
}

END {
        keep()
        group()
        for (i = 1; i <= n; i++)
                for (j = 1; j <= n_stops; j++)
                        for (k = 1; k <= n; k++)
                                if (name[k] == stop_at[j]) {
                                        minus[i, stop_at[j]] = less(i, k)
                                        minus[stop_at[j], i] = less(k, i)
                                }
        for (i = 1; i <= n; i++)
                for (j = 1; j <= n; j++) {
                        verdict = judge(i, j)
                        print name[i], name[j], verdict, extra, missing (old ? " old" : "")
                }
}
