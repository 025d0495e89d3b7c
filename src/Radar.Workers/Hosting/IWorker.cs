namespace Radar.Workers.Hosting;

/// <summary>The work itself. The host around it holds the lease, says what is true, and tells it when to stop.</summary>
internal interface IWorker : IAsyncDisposable
{
    /// <summary>
    /// Works until it is told to stop; starts from what PostgreSQL knows, each time. The host calls it again after a pause, and after a service was
    /// away. It calls <see cref="WorkerContext.ReportRunningAsync"/> once what was missing is made up for.
    /// </summary>
    /// <param name="context">What it works with.</param>
    /// <param name="cancellationToken">Signalled on pause, on delete, on shutdown, and when the lease is lost. Then flush and return within a second.</param>
    /// <exception cref="UnworkableException">Trying again does not help.</exception>
    Task RunAsync(WorkerContext context, CancellationToken cancellationToken);
}

/// <summary>A worker cannot work as it is set up: it becomes <c>failed</c>, with this message, until somebody asks it to start again.</summary>
internal sealed class UnworkableException(string message, Exception? cause = null) : Exception(message, cause);
