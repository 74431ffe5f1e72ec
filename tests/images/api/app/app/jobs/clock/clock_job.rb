# SPDX-License-Identifier: MIT
module Clock
  class ClockJob < ApplicationJob
    sidekiq_options retry: 0, queue: Routing.queue("clock")
  end
end
