using Microsoft.Extensions.Logging;
using Npgsql;
using Radar.Jobs.Fleet;
using Radar.Market;

namespace Radar.Workers.Hosting;

/// <summary>What a worker works with.</summary>
internal sealed class WorkerContext
{
    private readonly NpgsqlDataSource? _database;
    private readonly WorkerReports? _reports;
    private string? _activity;

    public required WorkerId Id { get; init; }

    /// <summary>Whether nobody supervises it, and it has neither PostgreSQL nor a lease that anybody else could hold.</summary>
    public bool IsAlone => _database is null;

    /// <exception cref="InvalidOperationException">It is alone.</exception>
    public required NpgsqlDataSource Database
    {
        get => _database ?? throw new InvalidOperationException($"{Id} runs by hand, without PostgreSQL.");
        init => _database = value;
    }

    /// <summary>Proof for transactions; <see cref="WorkerLease.EnsureHeldAsync"/> before any other write.</summary>
    public required WorkerLease Lease { get; init; }

    /// <exception cref="InvalidOperationException">It is alone.</exception>
    public required WorkerReports Reports
    {
        get => _reports ?? throw new InvalidOperationException($"{Id} runs by hand, without PostgreSQL.");
        init => _reports = value;
    }

    public required WorkerFigures Figures { get; init; }

    public required TimeProvider Time { get; init; }

    public required ILoggerFactory Loggers { get; init; }

    internal required Func<CancellationToken, Task> Running { get; init; }

    internal Func<DesiredState> Desired { get; init; } = () => DesiredState.Start;

    /// <summary>Whether the worker was asked to pause or to go. When its work is told to stop and this is not so, its process will be followed by another.</summary>
    public bool IsDismissed => Desired() != DesiredState.Start;

    /// <summary>What it is doing, in a phrase; goes out with the next heartbeat. Null: nothing worth saying.</summary>
    public string? Activity
    {
        get => Volatile.Read(ref _activity);
        set => Volatile.Write(ref _activity, value);
    }

    /// <summary>What a worker works with that was started by hand, from its environment alone: its lease is its own and lasts for ever.</summary>
    public static WorkerContext Alone(WorkerId id, TimeProvider time, ILoggerFactory loggers) => new()
    {
        Id = id,
        Database = null!,
        Reports = null!,
        Lease = new WorkerLease(new Fence(id.Value, 0), new LeaseOptions { Lasts = TimeSpan.MaxValue }, time),
        Figures = new WorkerFigures(time),
        Time = time,
        Loggers = loggers,
        Running = _ => Task.CompletedTask,
    };

    /// <summary>What was missing is made up for: the worker is <c>running</c>.</summary>
    public Task ReportRunningAsync(CancellationToken cancellationToken) => Running(cancellationToken);
}
