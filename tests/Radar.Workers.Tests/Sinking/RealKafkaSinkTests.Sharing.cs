using System.Text.RegularExpressions;
using Radar.Jobs.Fleet;
using Radar.Workers.Sinking;
using Radar.Workers.Tests.Processes;

namespace Radar.Workers.Tests.Sinking;

public sealed partial class RealKafkaSinkTests
{
    // Three sinks of a stream, records coming all the time: one is killed, is killed again and kept down, and comes back.
    private static async Task ShareAsync(FleetSystem system, Channel channel, WorkerId victim, Func<int, byte[]> frame)
    {
        var all = Enumerable.Range(1, 3).Select(number => WorkerId.Sink(channel.Kind, number)).ToList();
        foreach (var id in all)
        {
            await system.StartWorkerAsync(id, channel.Kind);
        }
        await using var flow = new Flow(channel, frame);
        await HoldAsync(system, all, 1, 1, 1);

        var before = all.ToDictionary(id => id, id => Moves(system, id));
        var own = before[victim][^1];
        Assert.Matches("^taken over: [0-2]$", own);
        await KillAsync(system, victim);
        await HoldAsync(system, all, 1, 1, 1);
        Assert.Equal([.. before[victim], own], Moves(system, victim));
        Assert.All(all.Where(id => id != victim), id => Assert.Equal(before[id], Moves(system, id)));

        await KillAsync(system, victim, DesiredState.Delete);
        await system.UntilAsync(victim, WorkerState.Deleted);
        await HoldAsync(system, all.Where(id => id != victim), 1, 2);

        await system.StartWorkerAsync(victim, channel.Kind);
        await HoldAsync(system, all, 1, 1, 1);
        var sent = await flow.StopAsync();
        await Until.TrueAsync(async () => channel.Committed() == sent, system.LogsAsync);
        Assert.Equal(sent, await channel.CountAsync("count()", channel.Kind == WorkerKinds.TradesSink ? "FINAL" : ""));
        Assert.Equal(sent, await channel.CountAsync(channel.Kind == WorkerKinds.TradesSink ? "uniqExact(trade_id)" : "uniqExact(quantities[1])"));
    }

    private static async Task KillAsync(FleetSystem system, WorkerId id, DesiredState then = DesiredState.Start)
    {
        var dying = await system.UntilAsync(id, WorkerState.Running);
        system.Kill(dying);
        if (then == DesiredState.Delete)
        {
            await system.AskAsync(id, then);
            return;
        }
        await system.UntilAsync(id, w => w.Epoch > dying.Epoch, "the next process");
    }

    // Until they have so many partitions, whoever has which.
    private static Task HoldAsync(FleetSystem system, IEnumerable<WorkerId> ids, params double[] partitions) => Until.TrueAsync(
        async () =>
        {
            var now = await Task.WhenAll(ids.Select(id => system.Fleet.FindAsync(id, CancellationToken.None)));
            return now.All(w => w is { Actual: WorkerState.Running }) && now.Select(w => Work.FigureOf(w!.Figures, "partitions")).Order().SequenceEqual(partitions);
        },
        system.LogsAsync);

    private static List<string> Moves(FleetSystem system, WorkerId id) => [.. Move().Matches(system.LogOf(id)).Select(move => move.Groups[1].Value.Trim())];

    [GeneratedRegex(@"Partitions of \S+ ((taken over|given up|were given to another sink):[0-9 ]*)")]
    private static partial Regex Move();

    [GeneratedRegex("it is made again")]
    private static partial Regex Again();

    /// <summary>Records all the time, to the three partitions in turn.</summary>
    private sealed class Flow : IAsyncDisposable
    {
        private const int AtOnce = 90;
        private readonly CancellationTokenSource _stop = new();
        private readonly Task<int> _sending;

        public Flow(Channel channel, Func<int, byte[]> frame) => _sending = Task.Run(async () =>
        {
            var sent = 0;
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200), TimeProvider.System);
            while (!_stop.IsCancellationRequested)
            {
                await channel.ProduceAsync(Enumerable.Range(sent, AtOnce).Select(number => (number % 3, (byte[]?)frame(number))));
                sent += AtOnce;
                await timer.WaitForNextTickAsync();
            }
            return sent;
        });

        /// <summary>Ends it; how many were sent.</summary>
        public async Task<int> StopAsync()
        {
            await _stop.CancelAsync();
            return await _sending;
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await ((Task)_sending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _stop.Dispose();
        }
    }
}
