# SPDX-License-Identifier: MIT
module StandIn
  # What the application writes of its jobs: a line of JSON each in newer releases, with the quotes
  # of a message escaped and its lines joined; in older ones Rails' own text, a backtrace below it.
  class JobLog
    include Sidekiq::ServerMiddleware

    def call(_worker, job, queue)
      start = now
      about = {job: job["class"], job_id: job["jid"], queue:}
      tell("info", "start", about) { "Performing #{place(about)}" }
      yield
      spent = ((now - start) * 1000).round(2)
      tell("info", "success", about, duration: spent) { "Performed #{place(about)} in #{spent}ms" }
    rescue StandardError => e
      spent = ((now - start) * 1000).round(2)
      exception = {class: e.class.name, message: e.message, backtrace: Array(e.backtrace).first(10)}
      tell("error", "error", about, duration: spent, exception:) do
        "Error performing #{place(about)} in #{spent}ms: #{e.class} (#{e.message}):\n#{Array(e.backtrace).join("\n")}"
      end
      raise
    end

    private

    def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)

    def place(about) = "#{about[:job]} (Job ID: #{about[:job_id]}) from Sidekiq(#{about[:queue]})"

    def tell(level, status, about, **more)
      text = StandIn.json_jobs? ? {level:, event: "perform", status:, **about, **more}.to_json : yield
      Rails.logger.public_send(level, text)
    end
  end
end
