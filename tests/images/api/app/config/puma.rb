# SPDX-License-Identifier: MIT
threads Integer(ENV.fetch("RAILS_MIN_THREADS", 0)), Integer(ENV.fetch("RAILS_MAX_THREADS", 3))
port ENV.fetch("PORT", 3000)
environment ENV.fetch("RAILS_ENV", "production")
pidfile ENV.fetch("PIDFILE", "tmp/pids/server.pid")
