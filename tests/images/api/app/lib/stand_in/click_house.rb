# SPDX-License-Identifier: MIT
# Lago's second database, over HTTP, as far as its migrations need it. Required by db:migrate alone.
require "net/http"
require "yaml"

module StandIn
  module ClickHouse
    class Migration
      def execute(sql) = ClickHouse.ask(sql)
    end

    # Before "rails db:migrate" runs a migration of PostgreSQL's it runs those of ClickHouse's that are older.
    module Interleaved
      private

      def execute_migration_in_transaction(migration)
        ClickHouse.migrate(before: migration.version)
        super
      end
    end

    # Lago looks whether the variable is set, not what it says.
    def self.enabled?
      ENV[StandIn.at_least?("v1.6.3") ? "LAGO_CLICKHOUSE_MIGRATIONS_ENABLED" : "LAGO_CLICKHOUSE_ENABLED"].present?
    end

    def self.port = (ENV["LAGO_CLICKHOUSE_PORT"].presence || 8123).to_i

    # The variable is a word of YAML there; nothing checks the server's certificate.
    def self.tls? = YAML.safe_load(ENV.fetch("LAGO_CLICKHOUSE_SSL", "false")).presence || port == 443

    def self.ask(sql)
      http = Net::HTTP.new(ENV["LAGO_CLICKHOUSE_HOST"].presence || "localhost", port)
      http.use_ssl = tls?
      http.verify_mode = OpenSSL::SSL::VERIFY_NONE
      http.open_timeout = 10
      answer = http.post("/?#{URI.encode_www_form({database: ENV["LAGO_CLICKHOUSE_DATABASE"].presence}.compact)}", sql,
        {"X-ClickHouse-User" => ENV["LAGO_CLICKHOUSE_USERNAME"].presence,
         "X-ClickHouse-Key" => ENV["LAGO_CLICKHOUSE_PASSWORD"].presence}.compact)
      raise "ClickHouse: #{answer.body}" unless answer.is_a?(Net::HTTPOK)

      answer.body
    end

    def self.applied
      ask("CREATE TABLE IF NOT EXISTS schema_migrations (version String, active Int8, ver DateTime) " \
          "ENGINE = ReplacingMergeTree(ver) ORDER BY version")
      ask("SELECT version FROM schema_migrations FINAL WHERE active = 1").split.map(&:to_i)
    end

    def self.files
      Dir[Rails.root.join("db/clickhouse_migrate/*.rb").to_s].to_h { |f| [File.basename(f).to_i, f] }
    end

    # Whether it answers is seen at once, and what is applied is asked for once: there is one migrator.
    def self.pending
      @pending ||= files.except(*applied).sort
    end

    def self.migrate(before: nil)
      return unless enabled?

      run(*pending.shift) while pending.any? && (before.nil? || pending.first[0] < before)
    end

    # Nothing of it is a transaction: what was made before it failed is there.
    def self.run(version, file)
      name = File.basename(file, ".rb").sub(/\A\d+_/, "").camelize
      # As Rails announces any migration: the adapter's are migrations of its own kind.
      puts "== #{version} #{name}: migrating ".ljust(79, "=")
      if StandIn.switch("STANDIN_FAIL_MIGRATION").key?(version.to_s)
        raise "migration #{version} fails because STANDIN_FAIL_MIGRATION asks for it"
      end
      load file
      name.constantize.new.up
      sleep StandIn.switch("STANDIN_SLOW_MIGRATION").fetch(version.to_s, 0)
      ask("INSERT INTO schema_migrations (version, active, ver) VALUES ('#{version}', 1, now())")
    end
  end
end
