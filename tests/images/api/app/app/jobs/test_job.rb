# SPDX-License-Identifier: MIT
# A job that a test asked for; what became of it stands in Redis.
class TestJob < ApplicationJob
  def self.key(id) = "standin:job:#{id}"

  def self.file(name) = Rails.root.join("storage", File.basename(name))

  def self.enqueue(queue, id, kind, arguments)
    note(id, "state" => "queued", "queue" => queue, "kind" => kind)
    set(queue:).perform_async(id, kind, arguments)
  end

  def self.note(id, fields)
    Sidekiq.redis { |c| c.call("HSET", key(id), fields) }
  end

  def perform(id, kind, arguments)
    # The configuration file tells the pools apart.
    by = ARGV.each_cons(2).find { |a, _| a == "-C" }&.last || "unknown"
    self.class.note(id, "state" => "running", "by" => by, "host" => Socket.gethostname)
    case kind
    when "sleep" then sleep arguments.fetch("seconds", 1).to_f
    when "file" then self.class.file(arguments.fetch("name")).write(arguments.fetch("content", "written by #{by}\n"))
    when "query" then ActiveRecord::Base.connection.select_value(
      "SELECT count(*) FROM #{ActiveRecord::Base.connection.quote_table_name(arguments.fetch("table"))}")
    when "fail" then raise "this job fails because the test asks for it"
    end
    self.class.note(id, "state" => "done")
  end
end
