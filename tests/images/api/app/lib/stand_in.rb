# SPDX-License-Identifier: MIT
# What the stand-in knows about the release that it plays, and its switches.
module StandIn
  RELEASE = File.read(File.expand_path("../LAGO_VERSION", __dir__)).strip

  # v1.16.1 is a second tag on the commit of v1.26.1.
  NUMBER = RELEASE == "v1.16.1" ? "1.26.1" : RELEASE[/[\d.]+/]

  def self.at_least?(tag)
    Gem::Version.new(NUMBER) >= Gem::Version.new(tag.delete_prefix("v"))
  end

  # Rails 8, from this release on, fills an empty database from structure.sql.
  def self.structure_sql?
    at_least?("v1.27.1")
  end

  # From this release on jobs are logged as JSON, and Sidekiq itself says nothing.
  def self.json_jobs?
    at_least?("v1.23.0")
  end

  # Whether the worker answers on :8080.
  def self.liveness?
    at_least?("v1.6.0")
  end

  # Whether Puma has a control socket, below /tmp.
  def self.control_app?
    at_least?("v1.33.3")
  end

  # "VERSION:VALUE,VERSION:VALUE" or "all:VALUE" of the environment, as a hash.
  def self.switch(name)
    ENV.fetch(name, "").split(",").to_h { |item| item.strip.split(":", 2).then { |k, v| [k, v.to_f] } }
  end

  module Switches
    def self.share_of_all
      @share_of_all ||= begin
        context = ActiveRecord::Base.connection_pool.migration_context
        pending = context.migrations.size - (context.migrations.map(&:version) & context.get_all_versions).size
        StandIn.switch("STANDIN_SLOW_MIGRATION").fetch("all", 0) / [pending, 1].max
      end
    end

    def exec_migration(connection, direction)
      key = version.to_s
      if StandIn.switch("STANDIN_FAIL_MIGRATION").key?(key)
        raise "migration #{key} fails because STANDIN_FAIL_MIGRATION asks for it"
      end
      sleep if StandIn.switch("STANDIN_HANG_MIGRATION").key?(key)

      share = Switches.share_of_all
      result = super
      seconds = StandIn.switch("STANDIN_SLOW_MIGRATION").fetch(key, share)
      # In the server, and with the locks of the migration held, as a long ALTER TABLE would.
      connection.execute("SELECT pg_sleep(#{seconds})") if seconds.positive?
      result
    end
  end
end
