# SPDX-License-Identifier: MIT
Rails.application.routes.draw do
  get "/health", to: "application#health"
  get "/ready", to: "application#ready" if StandIn.at_least?("v1.36.0")

  # For tests only: let the application do something whose outcome can be seen.
  post "/test/jobs", to: "test#create_job"
  get "/test/jobs/:id", to: "test#show_job"
  post "/test/rows", to: "test#create_row"
  post "/test/files", to: "test#create_file"
  get "/test/files/:name", to: "test#show_file", constraints: {name: /[\w.-]+/}
end
