# SPDX-License-Identifier: MIT
# $stdout stays as Ruby opens it: the server, the worker and the clock set it to sync themselves, and
# the output of a migration comes in pieces of 8 KiB or at its end, as with the real application.
ENV["RAILS_ENV"] ||= "production"
