# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Figures: the time is of the kernel's one clock, in ms with a decimal; medians are of what was measured, not of buckets.

now_ms() {
        local t=${EPOCHREALTIME/[.,]/}
        echo "$((t / 1000)).$((t / 100 % 10))"
}

# since START: ms from START (of now_ms) until now.
since() {
        awk -v a="$1" -v b="$(now_ms)" 'BEGIN { printf "%.1f\n", b - a }'
}

# median, total, p99: of the numbers on standard input, one a line.
median() {
        sort -n | awk '{ v[NR] = $1 } END { if (NR) print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

total() {
        awk '{ n += $1 } END { print n + 0 }'
}

p99() {
        sort -n | awk '{ v[NR] = $1 } END { i = int(NR * 0.99 + 0.999); if (i > NR) i = NR; if (NR) print v[i] }'
}

# times COUNT COMMAND...: the ms that each of COUNT runs took, one a line. A run that fails ends all.
times() {
        local count=$1 start i
        shift
        for ((i = 0; i < count; i++)); do
                start=$(now_ms)
                "$@" >/dev/null 2>&1 || { echo "$* failed" >&2; exit 1; }
                since "$start"
        done
}

# row WHAT FIGURE [PEER FIGURE]...
row() {
        local line="| $1 | $2 |"
        shift 2
        while [ $# -gt 0 ]; do
                line+=" $1: $2"
                shift 2
                [ $# -eq 0 ] || line+=";"
        done
        echo "$line |"
}

seconds() {
        awk '{ printf "%.2f s\n", $1 / 1000 }'
}

ratio() {
        awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'
}
