# SPDX-License-Identifier: MIT
# Slow, failing and hanging migrations on demand; see tests/images/README.md.
ActiveSupport.on_load(:active_record) do
  ActiveRecord::Migration.prepend(StandIn::Switches)
end
