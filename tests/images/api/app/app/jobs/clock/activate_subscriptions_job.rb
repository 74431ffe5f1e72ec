# SPDX-License-Identifier: MIT
module Clock
  class ActivateSubscriptionsJob < ClockJob
    def perform
      Subscription.where("created_at > ?", 1.hour.ago).count
    end
  end
end
