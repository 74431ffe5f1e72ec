# SPDX-License-Identifier: MIT
class TestController < ApplicationController
  def create_job
    id = SecureRandom.hex(8)
    queue = Routing.queue(params.fetch(:queue, "default"))
    TestJob.enqueue(queue, id, params.fetch(:kind, "none"),
                    params.permit(:seconds, :table, :name, :content).to_h.to_hash)
    render status: :created, json: {id:, queue:}
  end

  def show_job
    job = Sidekiq.redis { |c| c.call("HGETALL", TestJob.key(params[:id])) }
    return head(:not_found) if job.empty?
    render json: {id: params[:id]}.merge(job)
  end

  # The table is made by who asks; answered once the row is committed.
  def create_row
    ActiveRecord::Base.connection.execute("INSERT INTO standin_rows VALUES (#{Integer(params[:n])})")
    head :created
  end

  def create_file
    params[:kind] = "file"
    create_job
  end

  def show_file
    path = TestJob.file(params[:name])
    return head(:not_found) unless path.file?
    render plain: path.read
  end
end
