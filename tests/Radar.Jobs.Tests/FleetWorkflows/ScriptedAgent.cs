using Npgsql;

namespace Radar.Jobs.Tests.FleetWorkflows;

/// <summary>Plays agent and workers in PostgreSQL: what is asked becomes true soon, unless the script says otherwise.</summary>
internal sealed class ScriptedAgent : IAsyncDisposable
{
    private readonly NpgsqlDataSource _database;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;

    public ScriptedAgent(NpgsqlDataSource database)
    {
        _database = database;
        _loop = LoopAsync();
    }

    /// <summary>Workers that stay in <c>starting</c>.</summary>
    public HashSet<string> Stuck { get; } = [];

    /// <summary>Workers that fail instead of running, and why.</summary>
    public Dictionary<string, string> Failing { get; } = [];

    /// <summary>Workers that do not end when asked to.</summary>
    public HashSet<string> Stubborn { get; } = [];

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        _stop.Dispose();
    }

    private async Task LoopAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            foreach (var line in await _database.ColumnAsync("SELECT worker_id || ' ' || desired || ' ' || actual FROM radar.workers"))
            {
                var (id, desired, actual) = line.Split(' ') switch { [var a, var b, var c] => (a, b, c), _ => throw new InvalidOperationException(line) };
                var next = (desired, actual) switch
                {
                    ("start", "wait") => "starting",
                    ("start", "starting") when Failing.ContainsKey(id) => "failed",
                    ("start", "starting") when !Stuck.Contains(id) => "running",
                    ("delete", "deleted") => actual,
                    ("delete", _) when !Stubborn.Contains(id) => "deleted",
                    _ => actual,
                };
                if (next != actual)
                {
                    await _database.ExecuteAsync($"""
                        UPDATE radar.workers SET actual = '{next}', actual_at = clock_timestamp(), error = {(next == "failed" ? $"'{Failing[id]}'" : "NULL")}
                        WHERE worker_id = '{id}' AND desired = '{desired}' AND actual = '{actual}'
                        """);
                }
            }

            await Task.Delay(TimeSpan.FromMilliseconds(30), TimeProvider.System, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
