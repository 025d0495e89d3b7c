-- How many workers of a kind there are to be, where somebody asked for another number than the settings do.
CREATE TABLE radar.worker_counts (
  kind     text PRIMARY KEY,
  count    int NOT NULL CHECK (count BETWEEN 0 AND 64),
  asked_by text NOT NULL,
  asked_at timestamptz NOT NULL DEFAULT now()
);
