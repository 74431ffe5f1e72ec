# SPDX-License-Identifier: MIT
# One line of JSON for each request; from v1.24.0 on none for a probe of /health.
ActiveSupport.on_load(:action_controller) { ActionController::LogSubscriber.detach_from :action_controller }

ActiveSupport::Notifications.subscribe("process_action.action_controller") do |event|
  about = event.payload
  next if about[:path] == "/health" && StandIn.at_least?("v1.24.0")

  Rails.logger.info({level: "info", method: about[:method], path: about[:path], format: about[:format],
                     controller: about[:controller], action: about[:action], status: about[:status],
                     duration: event.duration.round(2)}.to_json)
end
