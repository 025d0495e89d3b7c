-- A task that finds its instances when it runs: whoever needs it waits for all of them, so no single job can be what it waits for.
ALTER TABLE radar.task_runs ADD COLUMN fans_out boolean NOT NULL DEFAULT false;

-- A task whose job is, or is about to be, a continuation of its only parent's: nobody else is to put it when the parent has ended.
ALTER TABLE radar.task_runs ADD COLUMN chained boolean NOT NULL DEFAULT false;

-- Whether anything of a template is still to end is asked at each end of one of its instances, of which there may be thousands.
CREATE INDEX task_runs_unfinished ON radar.task_runs (run_id, template) WHERE state IN ('pending', 'ready', 'running', 'retrying');
