using System.Data;
using global::Hangfire.PostgreSql;
using global::Hangfire.Storage;
using Microsoft.Extensions.Logging;
using Npgsql;
using Radar.Jobs.Workflows;

namespace Radar.Jobs.Hangfire;

/// <summary>
/// One listening connection per process. Whoever puts a job tells its queue's name with the same commit; every process wakes one of its
/// workers that wait for that queue. Polling stays underneath it.
/// </summary>
internal sealed partial class HangfireWakeUp(HangfireDatabase database, TimeProvider time, ILogger<HangfireWakeUp> logger) : IPersistentJobQueueProvider
{
    private const string Channel = "radar_hangfire";

    private readonly Dictionary<string, LinkedList<PostgreSqlJobQueue>> _waiting = Queues.All.ToDictionary(q => q, _ => new LinkedList<PostgreSqlJobQueue>());
    private PostgreSqlStorage? _storage;
    private PostgreSqlJobQueueProvider? _inner;

    /// <summary>Belongs to this storage from now on.</summary>
    public void Serve(PostgreSqlStorage storage, PostgreSqlStorageOptions settings)
    {
        _storage = storage;
        _inner = new PostgreSqlJobQueueProvider(storage, settings);
    }

    public IPersistentJobQueue GetJobQueue() => new Queue(this);

    public IPersistentJobQueueMonitoringApi GetJobQueueMonitoringApi() => _inner!.GetJobQueueMonitoringApi();

    /// <summary>Listens until the token ends.</summary>
    public async Task ListenAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await using var connection = await database.Ear.OpenConnectionAsync(cancellationToken);
                connection.Notification += (_, told) => Wake(told.Payload, 1);
                await using (var listen = new NpgsqlCommand($"LISTEN {Channel}", connection))
                {
                    await listen.ExecuteNonQueryAsync(cancellationToken);
                }

                foreach (var queue in Queues.All)
                {
                    Wake(queue, int.MaxValue); // What came while nobody listened.
                }

                while (true)
                {
                    await connection.WaitAsync(cancellationToken);
                }
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
#pragma warning disable CA1031 // Without its ear Hangfire still polls: whatever it was, listen again.
            catch (Exception error)
#pragma warning restore CA1031
            {
                LogDeaf(error.Message);
                await Task.Delay(TimeSpan.FromSeconds(1), time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private void Wake(string queue, int workers)
    {
        if (!_waiting.TryGetValue(queue, out var waiting))
        {
            return;
        }

        lock (waiting)
        {
            while (workers-- > 0 && waiting.First is { } first)
            {
                waiting.RemoveFirst();
                first.Value.FetchNextJob();
            }
        }
    }

    [LoggerMessage(LogLevel.Debug, "Channel radar_hangfire is not heard ({Problem}); Hangfire polls meanwhile")]
    private partial void LogDeaf(string problem);

    /// <summary>Hangfire's queue, a new one for each wait: what wakes it is its own.</summary>
    private sealed class Queue(HangfireWakeUp owner) : IPersistentJobQueue
    {
        public IFetchedJob Dequeue(string[] queues, CancellationToken cancellationToken)
        {
            var waiter = new PostgreSqlJobQueue(owner._storage!);
            var nodes = queues.Select(queue => (queue, node: Add(owner._waiting[queue], waiter))).ToArray();
            try
            {
                return waiter.Dequeue(queues, cancellationToken);
            }
            finally
            {
                // Woken for one job but back with another that it had asked for before: somebody else is to look for the first one.
                foreach (var (queue, _) in nodes.Where(n => !TryRemove(n.queue, n.node)).ToList())
                {
                    owner.Wake(queue, 1);
                }
            }
        }

        public void Enqueue(IDbConnection connection, string queue, string jobId)
        {
            new PostgreSqlJobQueue(owner._storage!).Enqueue(connection, queue, jobId);
            using var notify = connection.CreateCommand();
            notify.CommandText = $"SELECT pg_notify('{Channel}', @queue)";
            var name = notify.CreateParameter();
            name.ParameterName = "queue";
            name.Value = queue;
            notify.Parameters.Add(name);
            notify.ExecuteNonQuery();
        }

        private bool TryRemove(string queue, LinkedListNode<PostgreSqlJobQueue> node)
        {
            var list = owner._waiting[queue];
            lock (list)
            {
                if (node.List != list)
                {
                    return false;
                }

                list.Remove(node);
                return true;
            }
        }

        private static LinkedListNode<PostgreSqlJobQueue> Add(LinkedList<PostgreSqlJobQueue> list, PostgreSqlJobQueue waiter)
        {
            lock (list)
            {
                return list.AddLast(waiter);
            }
        }
    }
}
