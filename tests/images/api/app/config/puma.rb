# SPDX-License-Identifier: MIT
require_relative "../lib/stand_in"

threads Integer(ENV.fetch("RAILS_MIN_THREADS", 0)),
        Integer(ENV.fetch("RAILS_MAX_THREADS", StandIn.at_least?("v1.6.1") ? 3 : 5))
port ENV.fetch("PORT", 3000)
environment ENV.fetch("RAILS_ENV", "production")
pidfile ENV.fetch("PIDFILE", "tmp/pids/server.pid")
workers Integer(ENV.fetch("WEB_CONCURRENCY", 0))
plugin :tmp_restart
activate_control_app if StandIn.control_app?
