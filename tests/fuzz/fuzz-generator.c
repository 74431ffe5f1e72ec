/* SPDX-License-Identifier: MIT */
/* lago-generator as a whole, on any lago.conf: all of it is written, or nothing. */
#include "units/output.h"

#include <signal.h>
#include <unistd.h>

/*
 * Its deadline is the clock's, which a busy machine misses: it would end the fuzzer, which has one of its own by the same
 * signal.
 */
static unsigned deadline_sec;
static int output_write_in_time(const char *directory, const Plan *plan, const char **reterr);

#define alarm(seconds)         (deadline_sec = (seconds))
#define signal(number, action) 0
#define output_write           output_write_in_time
#define main                   generator_main
int main(int argc, char **argv);
#include "../../src/units/generator-main.c"
#undef main
#undef output_write
#undef signal
#undef alarm

#include "fuzz.h"

#include <dirent.h>

static char directory[] = "/dev/shm/lago-fuzz-XXXXXX";

/* Ended in the middle of it, it would leave a part. */
static int output_write_in_time(const char *to, const Plan *plan, const char **reterr) {
        REQUIRE(deadline_sec == 0);
        return output_write(to, plan, reterr);
}

static void put(const char *path, const uint8_t *data, size_t size) {
        FILE *file = fopen(path, "we");

        if (!file || fwrite(data, 1, size, file) != size || fclose(file) != 0)
                abort();
}

static void look_at(const char *path) {
        char text[8192];
        FILE *file = fopen(path, "re");
        size_t n = file ? fread(text, 1, sizeof(text), file) : 0;

        if (file)
                (void)fclose(file);
        REQUIRE(n > 0 && n < sizeof(text));
        for (size_t i = 0; i < n; i++)
                REQUIRE(text[i] == '\n' || (unsigned char)text[i] >= ' ');
}

/* Empties the folder. Answer: how many files and links were in it. */
static size_t take(const char *path, unsigned depth) {
        DIR *folder = opendir(path);
        struct dirent *entry;
        size_t n = 0;

        REQUIRE(folder);
        while ((entry = readdir(folder))) {
                _cleanup_(freep) char *below = xasprintf("%s/%s", path, entry->d_name);

                if (streq(entry->d_name, ".") || streq(entry->d_name, ".."))
                        continue;
                if (depth > 0) {
                        n += take(below, depth - 1);
                        REQUIRE(rmdir(below) == 0);
                        continue;
                }
                if (entry->d_type == DT_REG)
                        look_at(below);
                REQUIRE(unlink(below) == 0);
                n++;
        }
        (void)closedir(folder);
        return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static char configuration[64], output[64], option[80], name[] = "lago-generator", *argv[] = {name, option, output, NULL};
        size_t n;
        int status;

        if (!*configuration) {
                /* What it complains of is many lines, and of no interest here. */
                if (!mkdtemp(directory) || !freopen("/dev/null", "w", stdout))
                        abort();
                (void)snprintf(configuration, sizeof(configuration), "%s/lago.conf", directory);
                (void)snprintf(output, sizeof(output), "%s/out", directory);
                (void)snprintf(option, sizeof(option), "--config=%s", directory);
                REQUIRE(mkdir(output, 0700) == 0);
        }
        put(configuration, data, size);
        optind = 0;
        status = generator_main(3, argv);
        n = take(output, 1);
        REQUIRE(status == EXIT_SUCCESS || status == EXIT_FAILURE);
        REQUIRE((status == EXIT_SUCCESS) == (n > 0));
        return 0;
}
