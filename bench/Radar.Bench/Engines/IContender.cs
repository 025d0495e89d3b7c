namespace Radar.Bench.Engines;

/// <summary>An engine by itself, or Radar on it: what the benchmark does with either.</summary>
internal interface IContender : IAsyncDisposable
{
    /// <summary>Starts it. Without work it only puts jobs, and another process runs them.</summary>
    Task StartAsync(bool works, CancellationToken cancellationToken);

    /// <summary>Puts one job, which notes its beginning under this id.</summary>
    Task PutAsync(string id, CancellationToken cancellationToken);

    /// <summary>Puts so many jobs that do nothing, and waits until all have ended.</summary>
    Task DrainAsync(int jobs, CancellationToken cancellationToken);

    /// <summary>Puts five jobs, each after the one before; the last notes its beginning under this id.</summary>
    Task PutChainAsync(string id, CancellationToken cancellationToken);
}
