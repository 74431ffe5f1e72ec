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

# Not in the real file. The handler of SIGTERM writes to a pipe that the server's thread closes at its
# end; a thread that closes it while the handler is still in its write waits for ever, in every Puma
# that Lago has used (puma/puma#3677). On a busy host that is every second stop of an idle server, so
# here the server's thread waits for the handler; STANDIN_HANG_STOP brings the fault back at will.
require "puma/server"

Puma::Server.prepend(Module.new do
  private

  def notify_safely(message)
    super
  ensure
    @handler_is_done = true
  end

  def graceful_shutdown
    sleep if ENV.key?("STANDIN_HANG_STOP")
    sleep 0.01 until @handler_is_done
    super
  end
end)
