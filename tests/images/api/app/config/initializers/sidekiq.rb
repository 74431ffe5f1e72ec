# SPDX-License-Identifier: MIT
require "socket"

redis = {url: ENV.fetch("REDIS_URL"), timeout: 1}
redis[:password] = ENV["REDIS_PASSWORD"] if ENV["REDIS_PASSWORD"].present?

Sidekiq.configure_client { |config| config.redis = redis }

Sidekiq.configure_server do |config|
  config.redis = redis
  config.server_middleware { |chain| chain.add StandIn::JobLog }
  if StandIn.json_jobs?
    config.logger = nil # that is FATAL and worse only: such a worker says nothing when it is ready
  else
    config.logger.formatter = Sidekiq::Logger::Formatters::JSON.new
  end

  # Answers on a fixed port, and only about Redis; a port that is taken ends this thread alone.
  # Releases below v1.6.0 have no such port.
  StandIn.liveness? && config.on(:startup) do
    Sidekiq.logger.info "Starting liveness server on 8080"
    Thread.new do
      server = TCPServer.new(StandIn.at_least?("v1.30.0") ? "0.0.0.0" : "localhost", 8080)
      loop do
        client = server.accept
        while (line = client.gets) && line != "\r\n"; end
        pong = begin
          Sidekiq.redis { |c| c.call("PING") } == "PONG"
        rescue StandardError
          false
        end
        body = pong ? "Live!" : "Dead!"
        client.write "HTTP/1.1 #{pong ? "200 OK" : "404 Not Found"}\r\nContent-Type: text/plain\r\n" \
                     "Content-Length: #{body.bytesize}\r\nConnection: close\r\n\r\n#{body}"
      rescue SystemCallError, IOError
        # A client that hangs up is none of our business.
      ensure
        client&.close
      end
    rescue SystemCallError => e
      Sidekiq.logger.error "liveness server: #{e.message}"
    end
  end
end
