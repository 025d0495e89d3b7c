-- Who may look and who may steer. Passwords and tokens only as hashes.
CREATE TABLE radar.users (
  name          text PRIMARY KEY,
  password_hash text NOT NULL,
  created_at    timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE radar.api_tokens (
  sha256     bytea PRIMARY KEY,
  name       text NOT NULL UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE radar.audit (
  id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at     timestamptz NOT NULL DEFAULT now(),
  who    text NOT NULL,
  action text NOT NULL,
  object text NOT NULL
);

-- Keys of cookies, so that a login survives a restart.
CREATE TABLE radar.data_protection_keys (
  name text PRIMARY KEY,
  xml  text NOT NULL
);
