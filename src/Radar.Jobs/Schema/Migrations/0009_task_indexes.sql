-- What still waits for a task is asked at each end of one: of a run's thousands of open tasks only those that wait for others are looked through.
CREATE INDEX task_runs_pending ON radar.task_runs (run_id) WHERE state = 'pending';

-- What began a moment ago tells how far each queue has come.
CREATE INDEX task_attempts_started ON radar.task_attempts (started_at);
