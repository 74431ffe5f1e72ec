# SPDX-License-Identifier: MIT
# Whoever enqueues decides by SIDEKIQ_X whether pool X has a queue of its own.
module Routing
  POOLS = {
    "ai_agent" => %w[ai_agent default], "alerts" => %w[alerts default],
    "analytics" => %w[analytics low_priority], "billing" => %w[billing default],
    "clock" => %w[clock_worker clock], "events" => %w[events default],
    "payments" => %w[payments providers], "pdfs" => %w[pdfs low_priority],
    "wallets" => %w[wallets low_priority], "webhook" => %w[webhook_worker webhook]
  }.freeze

  def self.queue(name)
    own, fallback = POOLS.fetch(name) { return name }
    ActiveModel::Type::Boolean.new.cast(ENV["SIDEKIQ_#{name.upcase}"]) ? own : fallback
  end
end
