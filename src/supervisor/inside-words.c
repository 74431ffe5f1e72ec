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

static char *on_port(const InsideFacts *facts) {
        const char *subnet = isempty(facts->subnet) ? "SUBNET" : facts->subnet;

        return xasprintf("Where the server is on this host, let it listen at the address that is written (listen_addresses of "
                         "postgresql.conf, bind of redis.conf, listen_host of ClickHouse), and a firewall of this host let containers in: ufw allow from "
                         "%s to any port %u proto tcp, or firewall-cmd --permanent --zone=trusted --add-source=%s and "
                         "firewall-cmd --reload, or nft insert rule inet filter input ip saddr %s tcp dport %u accept; where it "
                         "is elsewhere, let the firewall forward what comes from %s",
                         subnet, facts->port, subnet, subnet, facts->port, subnet);
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

char *names_sentence(const char *server, const char *interface, const char *reason) {
        const char *where = isempty(interface) ? "BRIDGE" : interface;

        if (strstr(reason, "not know") || strstr(reason, "no name server"))
                return xasprintf("Containers resolve no names: another program answers at port 53 of this host (%s), ss -lunp "
                                 "'sport = :53' shows which; let it leave %s alone (dnsmasq: bind-dynamic and "
                                 "except-interface=%s), or write dns_bind_port = 5353 below [network] in "
                                 "/etc/containers/containers.conf, then lagoctl stop and lagoctl start",
                                 server, where, where);
        if (strstr(reason, "refused"))
                return xasprintf("Containers resolve no names: nothing listens at %s:53, where their name server was; podman "
                                 "network reload --all starts it again",
                                 server);
        return xasprintf("Containers resolve no names: they hear nothing from their name server %s:53 (%s), as where a firewall "
                         "of this host drops what they ask; let them in: ufw allow in on %s to any port 53 proto udp, or iptables "
                         "-I INPUT -i %s -p udp --dport 53 -j ACCEPT; where the chain is nftables' own, which no rule of another "
                         "table opens: nft insert rule inet filter input iifname %s udp dport 53 accept",
                         server, reason, where, where, where);
}

char *forward_sentence(const char *interface) {
        const char *where = isempty(interface) ? "BRIDGE" : interface;

        return xasprintf("Containers do not reach each other: db hears nothing of what lago-migrate sends, as where a firewall of this "
                         "host drops what is forwarded; let it through: ufw route allow in on %s out on %s, or iptables -I FORWARD -i %s "
                         "-o %s -j ACCEPT; where the chain is nftables' own: nft insert rule inet filter forward iifname %s oifname %s "
                         "accept",
                         where, where, where, where, where, where);
}
