# SPDX-License-Identifier: MIT
module Clock
  class RefreshDraftInvoicesJob < ClockJob
    def perform
      Invoice.where("created_at > ?", 1.hour.ago).count
    end
  end
end
