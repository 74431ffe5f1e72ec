#!/bin/bash
# SPDX-License-Identifier: MIT
#
# What the browser has to know, from the environment of the container, with the faults of the
# image's own script: no "set -e", so that only the last line can keep nginx from starting; values
# go unquoted through echo, so blanks are squeezed and a "*" becomes the files of the folder; and a
# quote in a value ends the string. "build" leaves out the lines that are newer than the release.

# shellcheck disable=SC2086,SC2116,SC2129

rm -f ./env-config.js
touch ./env-config.js

echo "window.API_URL = \"$(echo $API_URL)\"" >>./env-config.js
echo "window.APP_ENV = \"$(echo $APP_ENV)\"" >>./env-config.js
echo "window.LAGO_DOMAIN = \"$(echo $LAGO_DOMAIN)\"" >>./env-config.js # since v1.16.0
echo "window.LAGO_OAUTH_PROXY_URL = \"$(echo $LAGO_OAUTH_PROXY_URL)\"" >>./env-config.js
echo "window.LAGO_DISABLE_SIGNUP = \"$(echo $LAGO_DISABLE_SIGNUP)\"" >>./env-config.js
echo "window.LAGO_DISABLE_PDF_GENERATION = \"$(echo $LAGO_DISABLE_PDF_GENERATION)\"" >>./env-config.js # since v1.24.0
echo "window.NANGO_PUBLIC_KEY = \"$(echo $NANGO_PUBLIC_KEY)\"" >>./env-config.js # since v1.5.1
echo "window.LAGO_SUPERSET_URL = \"$(echo $LAGO_SUPERSET_URL)\"" >>./env-config.js # since v1.39.0
echo "window.SENTRY_DSN = \"$(echo $SENTRY_DSN)\"" >>./env-config.js
