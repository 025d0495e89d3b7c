using Microsoft.Extensions.Logging;
using Npgsql;
using Radar.Jobs.Fleet;

namespace Radar.Workers.Hosting;

/// <summary>What a worker works with.</summary>
internal sealed class WorkerContext
{
    private string? _activity;

    public required WorkerId Id { get; init; }

    public required NpgsqlDataSource Database { get; init; }

    /// <summary>Proof for transactions; <see cref="WorkerLease.EnsureHeldAsync"/> before any other write.</summary>
    public required WorkerLease Lease { get; init; }

    public required WorkerReports Reports { get; init; }

    public required WorkerFigures Figures { get; init; }

    public required TimeProvider Time { get; init; }

    public required ILoggerFactory Loggers { get; init; }

    internal required Func<CancellationToken, Task> Running { get; init; }

    /// <summary>What it is doing, in a phrase; goes out with the next heartbeat. Null: nothing worth saying.</summary>
    public string? Activity
    {
        get => Volatile.Read(ref _activity);
        set => Volatile.Write(ref _activity, value);
    }

    /// <summary>What was missing is made up for: the worker is <c>running</c>.</summary>
    public Task ReportRunningAsync(CancellationToken cancellationToken) => Running(cancellationToken);
}
