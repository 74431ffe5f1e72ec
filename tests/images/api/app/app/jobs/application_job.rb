# SPDX-License-Identifier: MIT
# No retries: a job that fails goes to the dead set at once, as with the real application.
class ApplicationJob
  include Sidekiq::Job
  sidekiq_options retry: 0, queue: "default"
end
