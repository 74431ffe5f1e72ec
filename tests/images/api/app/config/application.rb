# SPDX-License-Identifier: MIT
require_relative "boot"
require "rails"
require "active_record/railtie"
require "action_controller/railtie"
require "sidekiq"
require_relative "../lib/stand_in"
require_relative "../lib/stand_in/job_log"

module LagoApi
  class Application < Rails::Application
    config.load_defaults 7.2
    config.api_only = true
    # The real application loads all its code at start; the stand-in has little to load.
    config.eager_load = false
    config.enable_reloading = false
    config.consider_all_requests_local = false
    config.hosts.clear
    config.secret_key_base = ENV["SECRET_KEY_BASE"].presence
    config.active_record.schema_format = StandIn.structure_sql? ? :sql : :ruby
    config.active_record.dump_schema_after_migration = false
    config.active_record.migration_error = false
    # Tests add migrations of the year 2099.
    config.active_record.validate_migration_timestamps = false

    config.middleware.delete Rails::Rack::Logger
    config.log_level = ENV.fetch("LAGO_LOG_LEVEL", "info").to_sym
    config.logger = ActiveSupport::Logger.new($stdout) if ENV["RAILS_LOG_TO_STDOUT"] == "true"

    # Newer releases read both names, the short one first; old ones know the short one only.
    encryption = lambda do |name|
      StandIn.at_least?("v1.12.1") ? ENV["ENCRYPTION_#{name}"] || ENV.fetch("LAGO_ENCRYPTION_#{name}") :
                                     ENV.fetch("ENCRYPTION_#{name}")
    end
    config.active_record.encryption.primary_key = encryption.call("PRIMARY_KEY")
    config.active_record.encryption.deterministic_key = encryption.call("DETERMINISTIC_KEY")
    config.active_record.encryption.key_derivation_salt = encryption.call("KEY_DERIVATION_SALT")
  end
end
