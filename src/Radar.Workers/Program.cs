using Radar.Workers.Hosting;

return await RadarWorker.RunAsync(args);
