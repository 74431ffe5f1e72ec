/* SPDX-License-Identifier: MIT */
#include "supervisor/inside-words.h"

#include "base/util.h"

#include <string.h>

typedef char *(*Advice)(const InsideFacts *facts);

static char *on_names(const InsideFacts *facts) {
        (void)facts;
        return xstrdup("Containers know this host's /etc/hosts and what its name servers know, and nothing that it finds "
                       "otherwise (mDNS, its own name by systemd): write an address, or a name that the name servers know");
}

static char *on_family(const InsideFacts *facts) {
        return xasprintf("The network %s has no way there, as with an IPv6 address where it has IPv4 alone: write an address "
                         "that it reaches, or a name that has one",
                         facts->network);
}

static char *on_entry(const InsideFacts *facts) {
        return xasprintf("pg_hba.conf lets this host in and not its containers, which come from %s: give it a line for that "
                         "address, and have PostgreSQL read it (SELECT pg_reload_conf())",
                         isempty(facts->subnet) ? "the network's addresses" : facts->subnet);
}

/* ClickHouse has no pg_hba.conf: each of its users has a list of networks. */
static char *on_user(const InsideFacts *facts) {
        if (!startswith(facts->place, "ClickHouse"))
                return on_entry(facts);
        return xasprintf("ClickHouse lets this user in from this host and not from its containers, which come from %s: add that to "
                         "the user's networks (ALTER USER ... HOST IP, or <networks> of users.xml)",
                         isempty(facts->subnet) ? "the network's addresses" : facts->subnet);
}

/* Nobody knows how one without a manager is written. */
static char *let_in(const InsideFacts *facts, const char *subnet) {
        _cleanup_(freep) char *ufw = wall_lets_in(WALL_UFW, subnet, facts->port);
        _cleanup_(freep) char *firewalld = wall_lets_in(WALL_FIREWALLD, subnet, facts->port);

        if (facts->wall != WALL_OTHER)
                return xasprintf("%s let containers in: run \"%s\"", wall_name(facts->wall), facts->wall == WALL_UFW ? ufw : firewalld);
        return xasprintf("a firewall of this host let containers in: %s, or %s, or nft insert rule inet filter input ip saddr %s "
                         "tcp dport %u accept",
                         ufw, firewalld, subnet, facts->port);
}

static char *on_port(const InsideFacts *facts) {
        const char *subnet = isempty(facts->subnet) ? "SUBNET" : facts->subnet;
        _cleanup_(freep) char *firewall = let_in(facts, subnet);

        return xasprintf("Where the server is on this host, let it listen at the address that is written (listen_addresses of "
                         "postgresql.conf, bind of redis.conf, listen_host of ClickHouse), and %s; where it is elsewhere, let the "
                         "firewall forward what comes from %s%s%s",
                         firewall, subnet, facts->wall == WALL_UFW ? ": ufw route allow from " : "",
                         facts->wall == WALL_UFW ? subnet : "");
}

char *inside_sentence(const InsideFacts *facts) {
        return xasprintf("This host reaches %s, and its containers do not: %s", facts->place, facts->reason);
}

char *inside_advice(const InsideFacts *facts) {
        static const struct {
                const char *words;
                Advice advice;
        } table[] = {
                {"name is not known", on_names},
                {"name was not resolved", on_names},
                {"name has no address", on_names},
                {"etwork is unreachable", on_family},
                {"etwork unreachable", on_family},
                {"annot assign requested address", on_family},
                {"ddress family", on_family},
                {"pg_hba.conf", on_entry},
                {"authentication failed", on_user},
                {"password rejected", on_user},
                {" for \"", on_user}, /* HTTP 403 */
                {"needs a password", on_entry},
        };
        for (size_t i = 0; i < ELEMENTSOF(table); i++)
                if (strstr(facts->reason, table[i].words))
                        return table[i].advice(facts);
        return on_port(facts);
}

/* --- between containers --------------------------------------------------------------------------------- */

static char *const *bridges_of(const NamesFacts *facts) {
        static char bridge[] = "BRIDGE";
        static char *const unknown_bridge[] = {bridge, NULL};

        return facts->bridges ? facts->bridges : unknown_bridge;
}

/* "podman1", or a set of nftables' */
static char *nft_set(char *const *bridges) {
        _cleanup_(freep) char *list = strv_join(bridges, ", ");

        return strv_length(bridges) > 1 ? xasprintf("{ %s }", list) : TAKE_PTR(list);
}

static char *port_53_is_taken(const NamesFacts *facts) {
        _cleanup_(freep) char *interfaces = strv_join(bridges_of(facts), " and "), *list = strv_join(bridges_of(facts), ",");

        return xasprintf("Containers resolve no names: another program answers at port 53 of this host (%s), ss -lunp "
                         "'sport = :53' shows which; let it leave %s alone (dnsmasq: bind-dynamic and "
                         "except-interface=%s), or write dns_bind_port = 5353 below [network] in "
                         "/etc/containers/containers.conf, then lagoctl stop and lagoctl start",
                         facts->server, interfaces, list);
}

/* By hand: a rule in a table of iptables' lets in what no chain of nftables' own drops. */
static char *dropped(const NamesFacts *facts) {
        _cleanup_(strv_freep) char **rules = NULL;
        _cleanup_(freep) char *iptables = NULL, *set = nft_set(bridges_of(facts));

        STRV_FOREACH(bridge, bridges_of(facts))
                strv_addf(&rules, "iptables -I INPUT -i %s -p udp --dport 53 -j ACCEPT", *bridge);
        iptables = strv_join(rules, " && ");
        return xasprintf("Containers resolve no names: they hear nothing from their name server %s:53 (%s), as where a firewall "
                         "of this host drops what they ask; let them in: %s; where the chain is nftables' own, which no rule of "
                         "another table opens: nft insert rule inet filter input iifname %s udp dport 53 accept",
                         facts->server, facts->reason, iptables, set);
}

char *names_sentence(const NamesFacts *facts) {
        bool refused = strstr(facts->reason, "refused");
        _cleanup_(freep) char *remedy = wall_lets_ask(facts->wall, bridges_of(facts));

        if (strstr(facts->reason, "not know") || strstr(facts->reason, "no name server"))
                return port_53_is_taken(facts);
        if (!remedy && !refused)
                return dropped(facts);
        if (!remedy)
                return xasprintf("Containers resolve no names: nothing listens at %s:53, where their name server was; podman "
                                 "network reload --all starts it again",
                                 facts->server);
        /* A rule that rejects sounds as a server that has ended. */
        return xasprintf("Containers resolve no names: %s is active; run \"%s%s\"", wall_name(facts->wall), remedy,
                         refused ? " && podman network reload --all" : "");
}

char *forward_sentence(const NamesFacts *facts) {
        _cleanup_(freep) char *remedy = wall_lets_out(facts->wall, bridges_of(facts)), *set = nft_set(bridges_of(facts));
        const char *first = bridges_of(facts)[0];

        if (remedy)
                return xasprintf("Containers do not reach each other: %s is active; run \"%s\"", wall_name(facts->wall), remedy);
        return xasprintf("Containers do not reach each other: db hears nothing of what lago-migrate sends, as where a firewall of this "
                         "host drops what is forwarded; let it through: iptables -I FORWARD -i %s -o %s -j ACCEPT; where the chain "
                         "is nftables' own: nft insert rule inet filter forward iifname %s oifname %s accept",
                         first, first, set, set);
}
