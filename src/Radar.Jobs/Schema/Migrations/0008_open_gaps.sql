-- Stretches of a market that its producer has not repaired yet: written down before anything newer of that market is published, so that whoever comes
-- after a crash knows of them. The topic's end alone would not tell.
CREATE TABLE radar.open_gaps (
  worker_id text NOT NULL,
  symbol    text NOT NULL,
  since     timestamptz NOT NULL,
  PRIMARY KEY (worker_id, symbol)
);
