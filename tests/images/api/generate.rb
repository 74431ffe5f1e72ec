#!/usr/bin/ruby
# SPDX-License-Identifier: MIT
#
# generate.rb - make /app of the stand-in for one release of Lago.
#
#   generate.rb TAG APP DATA OUT
#
# APP is the application all releases share, DATA the folder with migrations/TAG.txt,
# structure/TAG.txt and clickhouse.txt. Version numbers and names of the migrations are Lago's; their bodies are made
# here from the name: "create_x" creates a table, "..._to_x" alters x, and so on. A model of the
# schema is kept on the way, so that structure.sql describes exactly what the migrations build.

require "active_support"
require "active_support/inflector"
require "digest"
require "fileutils"

TAG, APP, DATA, OUT = ARGV
abort "usage: generate.rb TAG APP DATA OUT" unless OUT

# v1.16.1 is a second tag on the commit of v1.26.1.
RELEASE = Gem::Version.new(TAG == "v1.16.1" ? "1.26.1" : TAG.delete_prefix("v"))
def at_least?(number) = RELEASE >= Gem::Version.new(number)

# The release in which the first 449 migrations still had their files.
SQUASHED_TAG = "v1.20.0"
INITIAL = "20250122112050"
# Both are created late on purpose: a worker that runs too early must miss them.
LATE = {"20240502095122" => "subscriptions", "20240611074215" => "invoices"}.freeze
FIRST_TABLES = %w[organizations users memberships customers plans charges billable_metrics fees events
                  coupons applied_coupons add_ons invites taxes credits].freeze
JOBS = %w[20220919133338 20221007075812 20221013140147 20221028160705
          20250403093628 20250428111042 20250415143607].freeze
ENUM = "billable_metric_weighted_interval"
ENUM_AT = "20230905081225"

Table = Struct.new(:name, :columns, :checks, :indexes)

# The schema so far, and its text in SQL.
class Model
  attr_reader :tables, :extensions, :enum

  def initialize
    @tables = {}
    @extensions = []
    @enum = false
  end

  def add_enum = @enum = true

  def add_extension(name) = @extensions |= [name]

  def create(name)
    tables[name] = Table.new(name, base_columns, [], [])
  end

  def base_columns
    [["id", "uuid DEFAULT gen_random_uuid() NOT NULL"], ["organization_id", "uuid"],
     ["name", "character varying"], ["position", "integer DEFAULT 0"],
     ["created_at", "timestamp(6) without time zone DEFAULT CURRENT_TIMESTAMP NOT NULL"],
     ["updated_at", "timestamp(6) without time zone DEFAULT CURRENT_TIMESTAMP NOT NULL"]]
  end

  # The table that a migration's name speaks of; one that is always there when it names none.
  def table_of(name)
    words = name.delete_suffix("_table")
    names = tables.keys.sort_by { |t| [-t.size, t] }
    names.find { |t| words.end_with?("_#{t}") } || names.find { |t| words.include?("_#{t}_") } ||
      names.find { |t| words.include?("_#{t.singularize}_") } || "organizations"
  end

  def types
    @enum ? ["CREATE TYPE public.#{ENUM} AS ENUM ('seconds');"] : []
  end

  def table_sql(table)
    columns = table.columns.map { |c, type| "    #{c} #{type}" }
    checks = table.checks.map { |c| "    CONSTRAINT #{c} CHECK ((id IS NOT NULL))" }
    ["CREATE TABLE public.#{table.name} (\n#{(columns + checks).join(",\n")}\n);",
     "ALTER TABLE ONLY public.#{table.name}\n    ADD CONSTRAINT #{table.name}_pkey PRIMARY KEY (id);"] +
      table.indexes.map { |i, c| "CREATE INDEX #{i} ON public.#{table.name} USING btree (#{c});" }
  end

  # Invoices and subscriptions last, here too.
  def statements
    late, early = tables.values.partition { |t| LATE.value?(t.name) }
    types + (early + late).flat_map { |t| table_sql(t) }
  end
end

# One migration: its text, and what it does to the model.
class Migration
  def initialize(version, name, model)
    @version = version
    @name = name
    @model = model
    @transaction = true
    @body = build
  end

  def file = "#{@version}_#{@name}.rb"

  def text
    class_name = @name.sub(/\..*/, "").camelize
    <<~RUBY
      # Stand-in: the version and the name are Lago's, the body is made by generate.rb.
      class #{class_name} < ActiveRecord::Migration[7.0]
      #{"  disable_ddl_transaction!\n\n" unless @transaction}  def up
      #{@body.strip.gsub(/^(?=.)/, "    ")}
        end

        def down
          raise ActiveRecord::IrreversibleMigration
        end
      end
    RUBY
  end

  private

  def build
    return init_schema if @name == "init_schema"
    return initial_migration if @version == INITIAL && at_least?("1.31.0")

    [jobs, extensions, enum, change].compact.join("\n")
  end

  def init_schema
    @model.add_extension("pgcrypto")
    # As in Lago: on a database that holds data this drops it.
    (["enable_extension \"pgcrypto\""] + FIRST_TABLES.map { |t| create(t, ", force: :cascade") }).join("\n")
  end

  def initial_migration
    squashed = Model.new
    File.readlines("#{DATA}/migrations/#{SQUASHED_TAG}.txt", chomp: true).each do |line|
      version, name = line.split(" ", 2)
      Migration.new(version, name, squashed) unless version == INITIAL
    end
    @model.tables.merge!(squashed.tables)
    squashed.extensions.each { |e| @model.add_extension(e) }
    @model.add_enum
    <<~BODY
      old = connection.select_values("SELECT version FROM schema_migrations")
      if old.include?("20250120151959") && !old.include?("#{INITIAL}")
        raise "this database comes from an old release; go through v1.30.0 first"
      end
      #{squashed.extensions.map { |e| "enable_extension \"#{e}\"" }.join("\n")}
      execute <<~'SQL'
        #{squashed.statements.join("\n").gsub("\n", "\n  ")}
      SQL
    BODY
  end

  def jobs
    return unless JOBS.include?(@version)
    # Redis has to be there while this migration runs.
    "MigrationTaskJob.perform_in(20, \"#{@version}\")"
  end

  def extensions
    case @version
    when "20260109092932"
      @model.add_extension("pg_partman")
      <<~BODY
        if select_value("SELECT 1 FROM pg_available_extensions WHERE name = 'pg_partman'")
          execute "CREATE SCHEMA IF NOT EXISTS partman"
          execute "CREATE EXTENSION IF NOT EXISTS pg_partman SCHEMA partman"
        end
      BODY
    when "20260109132143" then partition
    when "20260422085615" then %w[pg_trgm btree_gin].map { |e| extension(e) }.join("\n")
    else extension("unaccent") if @name.include?("unaccent")
    end
  end

  # As Lago's asks for it, which pg_partman 4 does not understand. What the call makes is taken away again: a load of
  # structure.sql makes nothing of it.
  def partition
    <<~BODY
      if select_value("SELECT 1 FROM pg_available_extensions WHERE name = 'pg_partman'")
        execute "CREATE TABLE partitioned (at timestamp NOT NULL) PARTITION BY RANGE (at)"
        execute "SELECT partman.create_parent(p_parent_table := 'public.partitioned', p_control := 'at', p_interval := '1 month', p_type := 'range')"
        execute "DELETE FROM partman.part_config WHERE parent_table = 'public.partitioned'"
        execute "DROP TABLE partitioned, partman.template_public_partitioned CASCADE"
      end
    BODY
  end

  def extension(name)
    @model.add_extension(name)
    "enable_extension \"#{name}\""
  end

  def enum
    return unless @version == ENUM_AT
    @model.add_enum
    "execute \"CREATE TYPE #{ENUM} AS ENUM ('seconds')\""
  end

  def change
    late = LATE[@version]
    return create(late) if late

    new_table = @name[/\Acreate_(\w+?)(_table)?\z/, 1]
    if new_table && !LATE.value?(new_table) && !@model.tables.key?(new_table)
      return create(new_table)
    end
    alter(@model.table_of(@name))
  end

  def create(table, options = "")
    @model.create(table)
    <<~BODY
      create_table :#{table}, id: :uuid, default: -> { "gen_random_uuid()" }#{options} do |t|
        t.uuid :organization_id
        t.string :name
        t.integer :position, default: 0
        t.timestamps default: -> { "CURRENT_TIMESTAMP" }
      end
    BODY
  end

  def alter(table)
    case @name
    when /index|concurrently/ then index(table)
    when /\Avalidate|not_null|not_valid/ then check(table)
    when /\A(update|backfill|fill|migrate|populate|fix|set|assign|refresh|run|remove|drop)/
      "execute \"UPDATE #{table} SET position = 0 WHERE position IS NULL\""
    else column(table)
    end
  end

  # Names end in the version, so that no two releases can meet in one.
  def unique(prefix, size) = "#{prefix[0, size].delete_suffix("_")}_#{@version}"

  def index(table)
    concurrently = @version > "2024"
    @transaction = !concurrently
    index = unique("index_#{table}", 40)
    column = @version.to_i.odd? ? "organization_id" : "created_at"
    @model.tables.fetch(table).indexes << [index, column]
    "add_index :#{table}, :#{column}, name: \"#{index}\"#{", algorithm: :concurrently" if concurrently}"
  end

  def check(table)
    constraint = unique("check_#{table}", 40)
    @model.tables.fetch(table).checks << constraint
    <<~BODY
      execute "ALTER TABLE #{table} ADD CONSTRAINT #{constraint} CHECK ((id IS NOT NULL)) NOT VALID"
      execute "ALTER TABLE #{table} VALIDATE CONSTRAINT #{constraint}"
    BODY
  end

  def column(table)
    column = unique(@name.sub(/\A(add|create|change|make|rename)_/, "").sub(/_(to|on|in|from|of)_.*/, "").tr(".", "_"), 30)
    @model.tables.fetch(table).columns << [column, "character varying"]
    "add_column :#{table}, :#{column}, :string"
  end
end

# db/clickhouse_migrate, from a list of what each release added and deleted.
class ClickHouse
  def self.write
    folder = "#{OUT}/db/clickhouse_migrate"
    FileUtils.mkdir_p(folder)
    files.each { |version, name| File.write("#{folder}/#{version}_#{name}.rb", text(version, name)) }
  end

  def self.files
    files = {}
    File.readlines("#{DATA}/clickhouse.txt", chomp: true).each do |line|
      mark, word, name = line.split(" ", 3)
      case mark
      when "=" then break if word == "HEAD" || Gem::Version.new(word.delete_prefix("v")) > RELEASE
      when "+" then files[word] = name
      when "-" then files.delete(word)
      end
    end
    files
  end

  def self.text(version, name)
    <<~RUBY
      # Stand-in: the version and the name are Lago's, the body is made by generate.rb.
      class #{name.camelize} < StandIn::ClickHouse::Migration
        def up
          execute "CREATE TABLE table_#{version} (id UUID) ENGINE = MergeTree ORDER BY id"
        end
      end
    RUBY
  end
end

# db/structure.sql, shaped like the dump that Rails makes with --clean --if-exists.
class Structure
  def initialize(model)
    @model = model
  end

  def text
    versions = File.readlines("#{DATA}/structure/#{TAG}.txt", chomp: true).sort.reverse
    [header, drops, extensions, @model.statements, rails_tables,
     "SET search_path TO \"$user\", public;",
     "INSERT INTO \"schema_migrations\" (version) VALUES\n#{versions.map { |v| "('#{v}')" }.join(",\n")};"]
      .flatten.join("\n\n") + "\n"
  end

  private

  def header
    <<~SQL
      SET statement_timeout = 0;
      SET lock_timeout = 0;
      SET idle_in_transaction_session_timeout = 0;
      SET client_encoding = 'UTF8';
      SET standard_conforming_strings = on;
      SET check_function_bodies = false;
      SET client_min_messages = warning;
    SQL
  end

  def drops
    (@model.tables.keys + %w[schema_migrations ar_internal_metadata]).sort.map { |t| "DROP TABLE IF EXISTS public.#{t} CASCADE;" } +
      ["DROP TYPE IF EXISTS public.#{ENUM};"] +
      @model.extensions.map { |e| "DROP EXTENSION IF EXISTS #{e};" } + ["DROP SCHEMA IF EXISTS partman;"]
  end

  def extensions
    ["CREATE SCHEMA partman;"] +
      @model.extensions.map { |e| "CREATE EXTENSION IF NOT EXISTS #{e} WITH SCHEMA #{e == "pg_partman" ? "partman" : "public"};" }
  end

  def rails_tables
    ["CREATE TABLE public.schema_migrations (\n    version character varying NOT NULL\n);",
     "ALTER TABLE ONLY public.schema_migrations\n    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (version);",
     "CREATE TABLE public.ar_internal_metadata (\n    key character varying NOT NULL,\n    value character varying,\n" \
     "    created_at timestamp(6) without time zone NOT NULL,\n    updated_at timestamp(6) without time zone NOT NULL\n);",
     "ALTER TABLE ONLY public.ar_internal_metadata\n    ADD CONSTRAINT ar_internal_metadata_pkey PRIMARY KEY (key);"]
  end
end

# The scripts and queue lists under the paths of the release.
class Processes
  MAIN = if at_least?("1.50.0")
    %w[high_priority default mailers clock providers webhook invoices integrations low_priority long_running]
  else
    %w[high_priority default mailers clock providers billing webhook invoices wallets integrations low_priority]
  end
  POOLS = {
    "events" => %w[events], "pdfs" => %w[pdfs],
    "billing" => %w[billing billing_low_priority], "clock" => %w[clock_worker], "webhook" => %w[webhook_worker],
    "payments" => %w[payments], "analytics" => %w[analytics analytics_low_priority], "ai_agent" => %w[ai_agent],
    "alerts" => %w[alerts_high_priority alerts], "wallets" => %w[wallets]
  }.freeze
  SINCE = {"billing" => "1.17.1", "clock" => "1.17.1", "webhook" => "1.17.4", "payments" => "1.26.0",
           "analytics" => "1.31.0", "ai_agent" => "1.39.0", "alerts" => "1.51.0", "wallets" => "1.51.0"}.freeze

  # Old scripts do not exec: bash stays and forwards no signal.
  def exec = at_least?("1.17.2") ? "exec " : ""

  def write
    config = at_least?("1.7.0") ? "config/sidekiq" : "config"
    queues("#{config}/sidekiq.yml", MAIN, 10)
    script("start.worker.sh", "#{exec}bundle exec sidekiq -C #{config}/sidekiq.yml")
    POOLS.each do |pool, names|
      next if SINCE[pool] && !at_least?(SINCE[pool])
      queues("#{config}/sidekiq_#{pool}.yml", names, %w[billing clock alerts].include?(pool) ? 5 : 10)
      script("start.#{pool}.worker.sh", "#{exec}bundle exec sidekiq -C #{config}/sidekiq_#{pool}.yml")
    end
    script("start.clock.sh", "#{exec}bundle exec clockwork ./clock.rb")
    servers
  end

  private

  def servers
    # Without "set -e", as in every release: a failed migration does not stop the server.
    migrate = at_least?("1.6.1") ? "db:migrate" : "db:migrate:primary"
    serve = "rm -f ./tmp/pids/server.pid\n#{exec}bundle exec rails s -b ::"
    script("start.sh", "bundle exec rails #{migrate}\nbundle exec rails signup:seed_organization\n#{serve}")
    return unless at_least?("1.16.0")

    script("start.api.sh", serve)
    script("migrate.sh", [("set -e" if at_least?("1.23.0")), "bundle exec rake db:create",
      "bundle exec rails db:migrate", ("bundle exec rails roles:seed_predefined" if at_least?("1.40.1")),
      "if [ \"$LAGO_CREATE_ORG\" = \"true\" ]; then\n  bundle exec rails signup:seed_organization\nfi"].compact.join("\n"))
  end

  def script(name, text)
    path = "#{OUT}/scripts/#{name}"
    FileUtils.mkdir_p(File.dirname(path))
    File.write(path, "#!/bin/bash\n\n#{text}\n")
    File.chmod(0o755, path)
  end

  def queues(path, names, concurrency)
    FileUtils.mkdir_p(File.dirname("#{OUT}/#{path}"))
    File.write("#{OUT}/#{path}", <<~YAML)
      concurrency: <%= ENV.fetch("SIDEKIQ_CONCURRENCY", #{concurrency}) %>
      timeout: 25
      retry: 1
      queues:
      #{names.map { |q| "  - #{q}" }.join("\n")}
    YAML
  end
end

FileUtils.rm_rf(OUT)
FileUtils.mkdir_p(File.dirname(OUT))
FileUtils.cp_r(APP, OUT)
%w[db/migrate tmp/pids log storage config/keys].each { |dir| FileUtils.mkdir_p("#{OUT}/#{dir}") }
File.write("#{OUT}/LAGO_VERSION", "#{TAG}\n")
model = Model.new
File.readlines("#{DATA}/migrations/#{TAG}.txt", chomp: true).sort.each do |line|
  version, name = line.split(" ", 2)
  migration = Migration.new(version, name, model)
  File.write("#{OUT}/db/migrate/#{migration.file}", migration.text)
end
File.write("#{OUT}/db/structure.sql", Structure.new(model).text) if at_least?("1.24.1")
ClickHouse.write
Processes.new.write
