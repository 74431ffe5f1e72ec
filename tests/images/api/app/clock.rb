# SPDX-License-Identifier: MIT
# The clock only enqueues; what it enqueues queries the tables, in a worker.
require_relative "config/environment"

module Clockwork
  extend Clockwork

  every(300, "schedule:activate_subscriptions") { Clock::ActivateSubscriptionsJob.perform_async }
  every(300, "schedule:refresh_draft_invoices") { Clock::RefreshDraftInvoicesJob.perform_async }
  every(60, "schedule:compute_subscriptions_activity") { Clock::SubscriptionsActivityJob.perform_async }
end
