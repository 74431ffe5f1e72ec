# SPDX-License-Identifier: MIT
class Subscription < ActiveRecord::Base
end
