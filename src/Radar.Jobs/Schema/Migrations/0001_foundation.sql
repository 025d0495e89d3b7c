-- Times are timestamptz in UTC. Schema radar exists already (the migrator makes it).

-- Who may act as NAME now. Raising the epoch is part of a unique key on purpose: see Radar.Market.Fence.
CREATE TABLE radar.leases (
  name   text PRIMARY KEY,
  epoch  bigint NOT NULL,
  holder text NOT NULL,
  until  timestamptz NOT NULL,
  UNIQUE (name, epoch)
);

CREATE TABLE radar.agents (
  name         text PRIMARY KEY,
  pid          int NOT NULL,
  started_at   timestamptz NOT NULL DEFAULT now(),
  heartbeat_at timestamptz NOT NULL DEFAULT now(),
  until        timestamptz NOT NULL
);

-- Desired state is written by operators and workflows, actual state by the worker and its agent. Never one field (C-12).
CREATE TABLE radar.workers (
  worker_id     text PRIMARY KEY,
  kind          text NOT NULL,
  settings      jsonb NOT NULL DEFAULT '{}',
  desired       text NOT NULL CHECK (desired IN ('start', 'pause', 'delete')),
  desired_by    text NOT NULL,
  desired_at    timestamptz NOT NULL DEFAULT now(),
  actual        text NOT NULL DEFAULT 'wait'
                CHECK (actual IN ('wait', 'starting', 'running', 'paused', 'stopping', 'deleted', 'backoff', 'failed')),
  actual_at     timestamptz NOT NULL DEFAULT now(),
  agent         text,
  pid           int,
  process_start bigint,
  boot_id       text,
  epoch         bigint NOT NULL DEFAULT 0,
  heartbeat_at  timestamptz,
  restarts      int NOT NULL DEFAULT 0,
  next_start_at timestamptz,
  activity      text,
  error         text,
  figures       jsonb NOT NULL DEFAULT '{}',
  created_at    timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE radar.worker_events (
  id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  worker_id text NOT NULL,
  at        timestamptz NOT NULL DEFAULT now(),
  epoch     bigint NOT NULL,
  event     text NOT NULL,
  message   text NOT NULL
);
CREATE INDEX worker_events_worker ON radar.worker_events (worker_id, id);

-- Offsets committed together with the predictions they led to. Another incarnation of the topic makes an offset meaningless.
CREATE TABLE radar.consumer_offsets (
  worker_id   text NOT NULL,
  topic       text NOT NULL,
  partition   int NOT NULL,
  incarnation text NOT NULL,
  next_offset bigint NOT NULL,
  updated_at  timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (worker_id, topic, partition)
);

-- How far something has come, by open time in ms: e.g. 'kafka/BTCUSDT' is the last candle the broker acknowledged.
CREATE TABLE radar.watermarks (
  name       text PRIMARY KEY,
  value      bigint NOT NULL,
  detail     text NOT NULL DEFAULT '',
  updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE FUNCTION radar.announce_worker() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('radar_fleet', NEW.worker_id);
  RETURN NULL;
END $$;
CREATE TRIGGER announce_new_worker AFTER INSERT ON radar.workers FOR EACH ROW EXECUTE FUNCTION radar.announce_worker();
CREATE TRIGGER announce_worker AFTER UPDATE ON radar.workers FOR EACH ROW
  WHEN (OLD.desired IS DISTINCT FROM NEW.desired OR OLD.desired_at IS DISTINCT FROM NEW.desired_at OR OLD.actual IS DISTINCT FROM NEW.actual
        OR OLD.epoch IS DISTINCT FROM NEW.epoch)
  EXECUTE FUNCTION radar.announce_worker();
