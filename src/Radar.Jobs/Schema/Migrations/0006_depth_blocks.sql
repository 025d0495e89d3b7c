-- The newest block of each partition that a depth sink inserts, written down before it is inserted: a crash in between redoes exactly that block, and
-- ClickHouse knows it by its token.
CREATE TABLE radar.depth_blocks (
  topic        text NOT NULL,
  partition    int NOT NULL,
  incarnation  text NOT NULL,
  owner        text NOT NULL,   -- the worker that has the partition, with its epoch
  claim        bigint NOT NULL, -- counts owners: a former one writes nothing more
  first_offset bigint,
  last_offset  bigint,
  token        text,
  epoch        bigint,
  stored       boolean NOT NULL DEFAULT true,
  at           timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (topic, partition)
);
