# SPDX-License-Identifier: MIT
require "openssl"
require "base64"

file = Rails.root.join("config/keys/private.pem")
pem = if StandIn.at_least?("v1.23.0") && file.exist?
  file.read
else
  value = ENV["LAGO_RSA_PRIVATE_KEY"]
  abort "LAGO_RSA_PRIVATE_KEY is blank" if value.blank?
  Base64.decode64(value)
end
RsaPrivateKey = OpenSSL::PKey::RSA.new(pem)
