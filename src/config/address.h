/* SPDX-License-Identifier: MIT */
#pragma once
/* Parsers of addresses and images, for the table of types; as ConfigType.parse. */

#include "config/values.h"

int value_parse_listen(const char *value, void *target, char **reterr);
int value_parse_url(const char *value, void *target, char **reterr);
/** value_parse_origin_url() - a URL without a path. */
int value_parse_origin_url(const char *value, void *target, char **reterr);
int value_parse_image(const char *value, void *target, char **reterr);
int value_parse_registry(const char *value, void *target, char **reterr);

/** value_parse_port() - 1 to 65535. -EINVAL. */
int value_parse_port(const char *s, uint16_t *ret);
