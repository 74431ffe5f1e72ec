# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What lago-migrate leaves in /run/lago/admitted for others to read.

# admit DIRECTORY: a release, its keys and the id of its image. None of the keys is right, but each has the form of one.
admit() {
        mkdir -p "$1"
        printf '[lago]\nrelease = v1.50.0\n' >"$1/lago.conf"
        printf '%s=x\n' SECRET_KEY_BASE ENCRYPTION_PRIMARY_KEY ENCRYPTION_DETERMINISTIC_KEY ENCRYPTION_KEY_DERIVATION_SALT \
                POSTGRES_PASSWORD >"$1/secrets.env"
        echo "LAGO_RSA_PRIVATE_KEY=$(printf -- '-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n' | base64 -w0)" \
                >>"$1/secrets.env"
        printf 'API_IMAGE_ID=image\nVERSION=v1.50.0\n' >"$1/images"
}
