# SPDX-License-Identifier: MIT
$stdout.sync = true
ENV["RAILS_ENV"] ||= "production"
