-- Which job engine works this database. One row.
CREATE TABLE radar.engine (
  only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  name     text NOT NULL,
  since    timestamptz NOT NULL DEFAULT now()
);

-- Processes that run tasks.
CREATE TABLE radar.nodes (
  name         text PRIMARY KEY,
  engine       text NOT NULL,
  pid          int NOT NULL,
  started_at   timestamptz NOT NULL DEFAULT now(),
  heartbeat_at timestamptz NOT NULL DEFAULT now(),
  until        timestamptz NOT NULL
);

CREATE TABLE radar.workflow_runs (
  run_id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  workflow     text NOT NULL,
  cause        text NOT NULL CHECK (cause IN ('schedule', 'manual', 'backfill', 'api', 'dependency')),
  requested_by text NOT NULL,
  planned_at   timestamptz,
  parameters   jsonb NOT NULL DEFAULT '{}',
  state        text NOT NULL CHECK (state IN ('waiting', 'running', 'cancelling', 'succeeded', 'failed', 'cancelled')),
  reason       text,
  waits_for    bigint[] NOT NULL DEFAULT '{}',
  created_at   timestamptz NOT NULL DEFAULT now(),
  started_at   timestamptz,
  ended_at     timestamptz,
  UNIQUE (workflow, planned_at)
);
CREATE INDEX workflow_runs_active ON radar.workflow_runs (workflow) WHERE state IN ('waiting', 'running', 'cancelling');

-- One row per node of a run's graph. Instances of a fanned-out task, 'start-consumer[BTCUSDT/tst/v1]', share its template.
-- A ready row is its own outbox: ready without a claim means that the engine is owed a job for it.
CREATE TABLE radar.task_runs (
  task_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  run_id       bigint NOT NULL REFERENCES radar.workflow_runs ON DELETE CASCADE,
  task         text NOT NULL,
  template     text NOT NULL,
  instance     text,
  ordinal      int NOT NULL,
  needs        text[] NOT NULL DEFAULT '{}',
  runs_when    text NOT NULL CHECK (runs_when IN ('succeeded', 'ended')),
  queue        text NOT NULL,
  state        text NOT NULL DEFAULT 'pending'
               CHECK (state IN ('pending', 'ready', 'running', 'retrying', 'succeeded', 'failed', 'skipped', 'cancelled')),
  reason       text,
  attempt      int NOT NULL DEFAULT 0,
  failures     int NOT NULL DEFAULT 0,
  lost         int NOT NULL DEFAULT 0,
  ready_at     timestamptz,
  not_before   timestamptz,
  started_at   timestamptz,
  ended_at     timestamptz,
  result       jsonb,
  progress     double precision,
  activity     text,
  node         text,
  token        uuid,
  lease_until  timestamptz,
  job_id       text,
  enqueued_at  timestamptz,
  enqueues     int NOT NULL DEFAULT 0,
  UNIQUE (run_id, task)
);
CREATE INDEX task_runs_open ON radar.task_runs (state) WHERE state IN ('ready', 'running', 'retrying');

CREATE TABLE radar.task_attempts (
  task_id    bigint NOT NULL REFERENCES radar.task_runs ON DELETE CASCADE,
  attempt    int NOT NULL,
  node       text NOT NULL,
  token      uuid NOT NULL,
  started_at timestamptz NOT NULL DEFAULT now(),
  ended_at   timestamptz,
  outcome    text,
  error      text,
  PRIMARY KEY (task_id, attempt)
);

CREATE TABLE radar.task_logs (
  id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  task_id bigint NOT NULL REFERENCES radar.task_runs ON DELETE CASCADE,
  attempt int NOT NULL,
  at      timestamptz NOT NULL,
  level   text NOT NULL,
  message text NOT NULL
);
CREATE INDEX task_logs_task ON radar.task_logs (task_id, id);

CREATE FUNCTION radar.announce_run() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('radar_runs', NEW.run_id::text);
  RETURN NULL;
END $$;
CREATE TRIGGER announce_new_run AFTER INSERT ON radar.workflow_runs FOR EACH ROW EXECUTE FUNCTION radar.announce_run();
CREATE TRIGGER announce_run AFTER UPDATE ON radar.workflow_runs FOR EACH ROW
  WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION radar.announce_run();
CREATE TRIGGER announce_new_task AFTER INSERT ON radar.task_runs FOR EACH ROW EXECUTE FUNCTION radar.announce_run();
CREATE TRIGGER announce_task AFTER UPDATE ON radar.task_runs FOR EACH ROW
  WHEN (OLD.state IS DISTINCT FROM NEW.state OR OLD.progress IS DISTINCT FROM NEW.progress OR OLD.activity IS DISTINCT FROM NEW.activity)
  EXECUTE FUNCTION radar.announce_run();
