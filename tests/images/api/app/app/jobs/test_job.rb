# SPDX-License-Identifier: MIT
require "net/http"

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

  # As Lago asks for a page: an answer that is none is an error of the job.
  def self.render
    part = Net::HTTP::Post.new(URI("#{ENV.fetch("LAGO_PDF_URL")}/forms/chromium/convert/html"))
    part.set_form([["files", StringIO.new("<p>page</p>"), {filename: "index.html"}]], "multipart/form-data")
    answer = Net::HTTP.start(part.uri.host, part.uri.port, read_timeout: 300) { |http| http.request(part) }
    raise "no page: #{answer.code}" unless answer.body.to_s.start_with?("%PDF")
  end

  def perform(id, kind, arguments)
    # The configuration file tells the pools apart.
    by = ARGV.each_cons(2).find { |a, _| a == "-C" }&.last || "unknown"
    self.class.note(id, "state" => "running", "by" => by, "host" => Socket.gethostname)
    case kind
    when "sleep" then sleep arguments.fetch("seconds", 1).to_f
    when "render" then sleep(arguments.fetch("seconds", 1).to_f) && self.class.render
    when "file" then self.class.file(arguments.fetch("name")).write(arguments.fetch("content", "written by #{by}\n"))
    when "query" then ActiveRecord::Base.connection.select_value(
      "SELECT count(*) FROM #{ActiveRecord::Base.connection.quote_table_name(arguments.fetch("table"))}")
    when "fail" then raise "this job fails because the test asks for it"
    end
    self.class.note(id, "state" => "done")
  end
end
