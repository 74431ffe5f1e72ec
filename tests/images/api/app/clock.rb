# SPDX-License-Identifier: MIT
# The clock only enqueues; what it enqueues queries the tables, in a worker.
require_relative "config/environment"

module Clockwork
  extend Clockwork

  # What this raises ends the clock's ticks for good.
  error_handler do |error|
    Rails.logger.error(error.message)
    raise error if ENV.key?("STANDIN_END_TICKS")
  end

  every(300, "schedule:activate_subscriptions") { Clock::ActivateSubscriptionsJob.perform_async }
  every(300, "schedule:refresh_draft_invoices") { Clock::RefreshDraftInvoicesJob.perform_async }
  every(60, "schedule:compute_subscriptions_activity") { Clock::SubscriptionsActivityJob.perform_async }

  every(3600, "stand-in:slow_tick") { sleep ENV["STANDIN_SLOW_TICK"].to_f } if ENV.key?("STANDIN_SLOW_TICK")
  every(3600, "stand-in:end_ticks") { raise "STANDIN_END_TICKS asks for it" } if ENV.key?("STANDIN_END_TICKS")
end
