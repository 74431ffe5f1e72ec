/* SPDX-License-Identifier: MIT */
#include "supervisor/leftnet.h"

#include "base/file.h"
#include "base/json.h"
#include "base/time.h"
#include "process/netns.h"
#include "supervisor/supervisor.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#define CONFIG        "/run/containers/networks"
#define NAMES         CONFIG "/aardvark-dns"
#define NAMESPACES    "/run/netns"
#define FILE_MAX      (1024 * 1024)
#define NETAVARK_USEC (30 * USEC_PER_SEC)

/* --- what is left --------------------------------------------------------------------------------------- */

/* The words between single blanks, empty ones too: an address that is not there is one. */
static char **columns(const char *line) {
        char **words = NULL;

        for (;; line++) {
                size_t n = strcspn(line, " ");
                _cleanup_(freep) char *word = xstrndup(line, n);

                strv_add(&words, word);
                line += n;
                if (*line == '\0')
                        return words;
        }
}

static char *first_of_list(const char *list) {
        return isempty(list) ? NULL : xstrndup(list, strcspn(list, ","));
}

static bool list_has(const char *list, const char *name) {
        _cleanup_(strv_freep) char **names = strv_split(list, ",");

        return strv_contains(names, name);
}

bool leftnet_find(const char *text, const char *container, LeftNet *ret) {
        _cleanup_(strv_freep) char **lines = strv_split(text, "\n");

        STRV_FOREACH(line, lines) {
                _cleanup_(strv_freep) char **words = columns(*line);

                if (strv_length(words) < 4 || !list_has(words[3], container))
                        continue;
                /* Without an address there is no namespace to be found by it. */
                if (isempty(words[1]) && isempty(words[2]))
                        continue;
                *ret = (LeftNet){.id = xstrdup(words[0]), .address = first_of_list(words[1]), .address6 = first_of_list(words[2])};
                return true;
        }
        return false;
}

void leftnet_done(LeftNet *left) {
        free(left->id);
        free(left->address);
        free(left->address6);
        *left = (LeftNet){0};
}

/* --- the request ---------------------------------------------------------------------------------------- */

static char *ports(const char *listen_address, unsigned listen_port, unsigned port) {
        _cleanup_(freep) char *address = json_quote(listen_address);

        if (!listen_address)
                return xstrdup("[]");
        return xasprintf("[{\"container_port\":%u,\"host_ip\":%s,\"host_port\":%u,\"protocol\":\"tcp\",\"range\":1}]", port,
                         address, listen_port);
}

static char *addresses(const LeftNet *left) {
        _cleanup_(freep) char *four = json_quote(left->address), *six = json_quote(left->address6);

        return xasprintf("[%s%s%s]", left->address ? four : "", left->address && left->address6 ? "," : "",
                         left->address6 ? six : "");
}

char *leftnet_request(const LeftNet *left, const char *container, const char *network, const char *inspected,
                      const char *listen_address, unsigned listen_port, unsigned port) {
        _cleanup_(freep) char *id = json_quote(left->id), *name = json_quote(container), *net = json_quote(network);
        _cleanup_(freep) char *mappings = ports(listen_address, listen_port, port), *ips = addresses(left);
        const char *start = strchr(inspected, '{'), *end = strrchr(inspected, '}');

        if (!start || !end || end < start)
                return NULL;
        return xasprintf("{\"container_id\":%s,\"container_name\":%s,\"port_mappings\":%s,"
                         "\"networks\":{%s:{\"interface_name\":\"eth0\",\"static_ips\":%s,\"aliases\":[]}},"
                         "\"network_info\":{%s:%.*s}}",
                         id, name, mappings, net, ips, net, (int)(end - start + 1), start);
}

/* --- taking it back ------------------------------------------------------------------------------------- */

/* Where podman looks for it, and in the same order: helper_binaries_dir of containers.conf(5). */
static char *find_helper(const char *program) {
        static const char *const directories[] = {"/usr/local/libexec/podman", "/usr/local/lib/podman",
                                                  "/usr/libexec/podman", "/usr/lib/podman"};

        for (size_t i = 0; i < ELEMENTSOF(directories); i++) {
                char *path = xasprintf("%s/%s", directories[i], program);

                if (access(path, X_OK) == 0)
                        return path;
                free(path);
        }
        return NULL;
}

/* The namespace that has the address; podman keeps those of containers by a name in NAMESPACES. */
static char *find_namespace(const LeftNet *left) {
        DIR *directory = opendir(NAMESPACES);
        char *found = NULL;
        struct dirent *entry;

        while (directory && !found && (entry = readdir(directory))) {
                char *path = xasprintf(NAMESPACES "/%s", entry->d_name);
                _cleanup_(closep) int fd = entry->d_name[0] == '.' ? -EBADF : open(path, O_RDONLY | O_CLOEXEC);

                if (fd >= 0 && netns_has_address(fd, left->address ? left->address : left->address6))
                        found = path;
                else
                        free(path);
        }
        if (directory)
                closedir(directory);
        return found;
}

/* The first one that it joins. In a second one a killed start leaves a name and an address, and nothing that leads there. */
static char *network_of(const Supervisor *s) {
        _cleanup_(strv_freep) char **networks = stack_networks_now(s->config, s->member.kind);

        return xstrdup(networks ? networks[0] : s->config->network);
}

static bool find_left(const Supervisor *s, LeftNet *ret) {
        _cleanup_(freep) char *network = network_of(s), *path = xasprintf(NAMES "/%s", network), *text = NULL;

        return file_read(path, FILE_MAX, &text, NULL) >= 0 && leftnet_find(text, s->container_name, ret);
}

static void on_taken_back(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;

        if (result->signaled || result->status != 0) {
                _cleanup_(freep) char *words = escape_line(result->output);

                log_warning("netavark cannot take back what a killed start has left: %.200s", words);
        }
        if (s->container.left_namespace) {
                (void)umount2(s->container.left_namespace, MNT_DETACH);
                (void)unlink(s->container.left_namespace);
        }
        s->container.left_done(s);
}

static void on_inspected(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;
        const Listen *listen = stack_listen(s->config, s->member.kind);
        _cleanup_(freep) char *netavark = find_helper("netavark"), *names = find_helper("aardvark-dns"), *request = NULL;
        _cleanup_(freep) char *network = network_of(s);
        _cleanup_(leftnet_done) LeftNet left = {0};
        char **argv = NULL;

        if (!result->signaled && result->status == 0 && netavark && find_left(s, &left) && s->container.left_namespace)
                request = leftnet_request(&left, s->container_name, network, result->output,
                                          listen ? listen->address : NULL, listen ? listen->port : 0, s->image.port);
        if (!request) {
                log_warning("What a killed start has left of the network of %s cannot be taken back.", s->container_name);
                s->container.left_done(s);
                return;
        }
        strv_add(&argv, netavark);
        strv_add(&argv, "--config=" CONFIG);
        if (names)
                strv_addf(&argv, "--aardvark-binary=%s", names);
        strv_add(&argv, "teardown");
        strv_add(&argv, s->container.left_namespace);
        supervisor_job(s, argv,
                       &(JobSpec){.input = request, .timeout_usec = NETAVARK_USEC, .done = on_taken_back});
}

bool leftnet_there(const Supervisor *s) {
        _cleanup_(leftnet_done) LeftNet left = {0};

        return find_left(s, &left);
}

void leftnet_clear(Supervisor *s, void (*done)(Supervisor *s)) {
        _cleanup_(leftnet_done) LeftNet left = {0};
        _cleanup_(freep) char *network = network_of(s);

        s->container.left_done = done;
        if (!find_left(s, &left)) {
                done(s);
                return;
        }
        log_message(LOG_WARNING, MESSAGE_REAPED, "A start that was killed has left its network (%s) behind: taking it back.",
                    left.address ? left.address : "no address");
        free(s->container.left_namespace);
        s->container.left_namespace = find_namespace(&left);
        supervisor_job(s, s->engine->network_inspect(network),
                       &(JobSpec){.timeout_usec = NETAVARK_USEC, .done = on_inspected});
}
