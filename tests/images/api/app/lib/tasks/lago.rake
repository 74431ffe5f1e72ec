# SPDX-License-Identifier: MIT
require_relative "../stand_in/click_house"

namespace :stand_in do
  # As Rails with a second database: what is pending in both is asked for before anything runs.
  task click_house: :environment do
    next unless StandIn::ClickHouse.enabled?

    StandIn::ClickHouse.pending
    ActiveRecord::Migrator.prepend(StandIn::ClickHouse::Interleaved)
  end

  # What Rails 8 does at the start of db:migrate and Rails 7.2 does not: a database in which
  # schema_migrations cannot be seen gets its tables from structure.sql.
  task initialize_database: :environment do
    next unless StandIn.structure_sql?

    pool = ActiveRecord::Base.connection_pool
    visible = pool.with_connection { |c| c.table_exists?(ActiveRecord::Base.schema_migrations_table_name) }
    next if visible

    file = Rails.root.join("db/structure.sql").to_s
    if (seconds = ENV["STANDIN_SLOW_LOAD"].to_f).positive?
      slow = Rails.root.join("tmp/structure.sql")
      slow.write(File.read(file).sub(/^INSERT INTO "schema_migrations"/, "SELECT pg_sleep(#{seconds});\n\\0"))
      file = slow.to_s
    end
    ActiveRecord::Tasks::DatabaseTasks.load_schema(pool.db_config, :sql, file)
    ActiveRecord::Base.connection_pool.disconnect!
  end
end

Rake::Task["db:migrate"].enhance(["stand_in:click_house", "stand_in:initialize_database"]) { StandIn::ClickHouse.migrate }

if StandIn.at_least?("v1.40.1")
  namespace :roles do
    desc "Create the predefined roles"
    task seed_predefined: :environment do
      %w[Admin Finance Manager].each do |name|
        ActiveRecord::Base.connection.execute(<<~SQL)
          INSERT INTO roles (name) SELECT '#{name}'
          WHERE NOT EXISTS (SELECT 1 FROM roles WHERE name = '#{name}' AND organization_id IS NULL)
        SQL
      end
    end
  end
end

namespace :signup do
  desc "Create the organization that the environment names"
  task seed_organization: :environment do
    next unless ENV["LAGO_CREATE_ORG"] == "true"

    name = ENV.fetch("LAGO_ORG_NAME")
    %w[LAGO_ORG_USER_EMAIL LAGO_ORG_USER_PASSWORD LAGO_ORG_API_KEY].each { |key| ENV.fetch(key) }
    connection = ActiveRecord::Base.connection
    quoted = connection.quote(name)
    connection.execute(<<~SQL)
      INSERT INTO organizations (name) SELECT #{quoted}
      WHERE NOT EXISTS (SELECT 1 FROM organizations WHERE name = #{quoted})
    SQL
  end
end
