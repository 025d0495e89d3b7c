-- Dead letters that an operator sent back to where they came from: written before the sending, so that one is not sent twice unnoticed.
CREATE TABLE radar.dead_letter_replays (
  topic         text NOT NULL,
  partition     int NOT NULL,
  record_offset bigint NOT NULL,
  timestamp_ms  bigint NOT NULL, -- tells a record from one of the same offset in a topic that was made anew
  sent          boolean NOT NULL DEFAULT false, -- false: it may be in the topic or not
  at            timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (topic, partition, record_offset, timestamp_ms)
);
