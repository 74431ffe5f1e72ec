/* SPDX-License-Identifier: MIT */
#pragma once
/* Addresses and images: their parsers, for the table of types as ConfigType.parse, and what they mean. */

#include "config/config.h"

int value_parse_listen(const char *value, void *target, char **reterr);
int value_parse_url(const char *value, void *target, char **reterr);
/** value_parse_origin_url() - a URL without a path. */
int value_parse_origin_url(const char *value, void *target, char **reterr);
int value_parse_image(const char *value, void *target, char **reterr);
int value_parse_registry(const char *value, void *target, char **reterr);

/** value_parse_port() - 1 to 65535. -EINVAL. */
int value_parse_port(const char *s, uint16_t *ret);

/** listen_is_loopback() - whether only this host can reach it. */
bool listen_is_loopback(const Listen *listen);

/** url_host() - the host of "scheme://user@host:port/path", without brackets; the caller frees it. NULL for none. */
char *url_host(const char *url);

/** url_port() - behind the host; 0: there is none. Errors: -EINVAL of what is no port. */
int url_port(const char *url);

/** host_is_address() - an address of either family, without brackets. */
bool host_is_address(const char *host);
/** host_is_v6() - an IPv6 address, without brackets. */
bool host_is_v6(const char *host);

/** host_is_local() - names and addresses that mean the machine (or container) itself. */
bool host_is_local(const char *host);
