-- A task that finds its instances when it runs: whoever needs it waits for all of them, so no single job can be what it waits for.
ALTER TABLE radar.task_runs ADD COLUMN fans_out boolean NOT NULL DEFAULT false;
