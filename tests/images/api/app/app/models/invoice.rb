# SPDX-License-Identifier: MIT
class Invoice < ActiveRecord::Base
end
