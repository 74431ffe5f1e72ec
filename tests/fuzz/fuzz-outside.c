/* SPDX-License-Identifier: MIT */
/* What podman, netavark's name server and the kernel print. Cut at 0xff. */
#include "base/util.h"
#include "engine/engine.h"
#include "process/netns.h"
#include "setup/setup.h"
#include "supervisor/leftnet.h"

#include "fuzz.h"

static void names_of_a_network(const char *text, const char *inspected) {
        LeftNet left = {0};

        if (leftnet_find(text, "lago-api", &left)) {
                _cleanup_(freep) char *request = leftnet_request(&left, "lago-api", "lago", inspected, "127.0.0.1", 3000, 3000);

                REQUIRE(left.id && (left.address || left.address6));
                REQUIRE(!request || request[0] == '{');
        }
        leftnet_done(&left);
}

static void lists(const char *volumes, const char *networks) {
        Inventory inventory = {0};

        inventory_parse(&inventory, volumes, networks, "lago", "lago-pdf");
        REQUIRE(strv_length(inventory.volumes) == strv_length(inventory.mountpoints));
        REQUIRE(inventory.network.exists || !inventory.network.problem);
        REQUIRE(inventory.pages.exists || !inventory.pages.problem);
        inventory_done(&inventory);
}

static void complaints(const char *text) {
        _cleanup_(freep) char *reason = engine_reason(text, 80), *last = engine_last_line(text);

        (void)engine_failure(text);
        (void)engine_other_platform(text);
        (void)engine_exposed_port(text);
        REQUIRE(!reason || !strchr(reason, '\n'));
        REQUIRE(!last || !strchr(last, '\n'));
}

static void tables_of_the_kernel(const char *text) {
        char gateway[64];

        if (netns_default_route(text, gateway, sizeof(gateway)) >= 0)
                REQUIRE(memchr(gateway, '\0', sizeof(gateway)) && *gateway);
        REQUIRE(netns_established(text, 3000) >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        char *parts[2];

        fuzz_parts(data, size, ELEMENTSOF(parts), parts);
        names_of_a_network(parts[0], parts[1]);
        lists(parts[0], parts[1]);
        complaints(parts[0]);
        tables_of_the_kernel(parts[0]);
        free(parts[0]);
        free(parts[1]);
        return 0;
}
