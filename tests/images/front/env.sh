#!/bin/bash
# SPDX-License-Identifier: MIT
#
# What the browser has to know, from the environment of the container.

set -euo pipefail

{
        echo 'window.API_URL = "'"${API_URL-}"'"'
        for name in APP_ENV LAGO_DOMAIN LAGO_OAUTH_PROXY_URL LAGO_DISABLE_SIGNUP \
                LAGO_DISABLE_PDF_GENERATION NANGO_PUBLIC_KEY SENTRY_DSN; do
                echo "window.$name = \"${!name-}\""
        done
} >env-config.js
