# SPDX-License-Identifier: MIT
class ApplicationController < ActionController::API
  # Asks PostgreSQL for nothing: an empty database is healthy here, as with the real application.
  def health
    ActiveRecord::Base.connection.execute("")
    render json: {version: StandIn::RELEASE, github_url: "", message: "Success"}
  rescue ActiveRecord::ActiveRecordError => e
    render status: :internal_server_error,
           json: {version: StandIn::RELEASE, github_url: "", message: "Unhealthy: #{e.class}"}
  end

  def ready
    render json: {message: "Ready"}
  end
end
