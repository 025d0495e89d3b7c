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

    private readonly Dictionary<string, LinkedList<Waiter>> _waiting = Queues.All.ToDictionary(q => q, _ => new LinkedList<Waiter>());
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
            for (var left = Math.Min(workers, waiting.Count); left > 0; left--)
            {
                // To the end: another process may have been quicker, and then it waits on, and is to be woken again when its turn comes.
                var first = waiting.First!;
                waiting.RemoveFirst();
                waiting.AddLast(first);
                first.Value.Woken = true;
                first.Value.Queue.FetchNextJob();
            }
        }
    }

    [LoggerMessage(LogLevel.Debug, "Channel radar_hangfire is not heard ({Problem}); Hangfire polls meanwhile")]
    private partial void LogDeaf(string problem);

    /// <summary>A worker that waits for a queue. What it is woken for, another one may have taken before it looks.</summary>
    private sealed class Waiter(PostgreSqlJobQueue queue)
    {
        public PostgreSqlJobQueue Queue => queue;

        public bool Woken { get; set; }
    }

    /// <summary>Hangfire's queue, a new one for each wait: what wakes it is its own.</summary>
    private sealed class Queue(HangfireWakeUp owner) : IPersistentJobQueue
    {
        public IFetchedJob Dequeue(string[] queues, CancellationToken cancellationToken)
        {
            var inner = new PostgreSqlJobQueue(owner._storage!);
            var nodes = queues.Select(queue => (queue, node: Add(owner._waiting[queue], new Waiter(inner)))).ToArray();
            try
            {
                return inner.Dequeue(queues, cancellationToken);
            }
            finally
            {
                // Woken for one job but back with another that it had asked for before: somebody else is to look for the first one.
                foreach (var (queue, _) in nodes.Where(n => Remove(owner._waiting[n.queue], n.node)).ToList())
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

        // Whether it was woken while it waited.
        private static bool Remove(LinkedList<Waiter> list, LinkedListNode<Waiter> node)
        {
            lock (list)
            {
                list.Remove(node);
                return node.Value.Woken;
            }
        }

        private static LinkedListNode<Waiter> Add(LinkedList<Waiter> list, Waiter waiter)
        {
            lock (list)
            {
                return list.AddLast(waiter);
            }
        }
    }
}
