/** Whether a worker has a process: the last words of those that ended say nothing of now. */
export const lives = (worker) => ["starting", "running", "paused", "stopping"].includes(worker.actual);
