using Microsoft.Extensions.Logging;

namespace Radar.Workers.Producing.Wallex;

/// <summary>All markets of the exchange, in chunks, each chunk on a line of its own. Markets that come and go are noticed.</summary>
internal sealed partial class MarketLines(
    WallexStream flow, WallexOptions options, WallexRestClient rest, ISocketListener listener, LineFigures figures, Action<string?> activity,
    TimeProvider time, ILoggerFactory loggers)
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(30);

    private readonly ILogger _logger = loggers.CreateLogger<MarketLines>();
    private readonly DialGate _dials = new(options.DialEvery, time);
    private readonly List<(SocketLine Line, string Group)> _lines = [];
    private readonly Lock _lock = new();

    /// <summary>The markets captured now.</summary>
    public IReadOnlyList<string> Symbols { get; private set; } = [];

    // What one connection is subscribed to, for each market. The sides of order books are apart, which halves the channels of a connection.
    private string[] Groups => flow == WallexStream.Trades ? ["trade"] : ["sellDepth", "buyDepth"];

    /// <summary>Asks for another connection for those that listen to a market.</summary>
    /// <param name="symbol">The market.</param>
    /// <param name="kind">Kind of channel.</param>
    public void Rotate(string symbol, string kind)
    {
        lock (_lock)
        {
            foreach (var (line, group) in _lines)
            {
                if (group == kind && line.Symbols.Contains(symbol))
                {
                    line.Rotate();
                }
            }
        }
    }

    /// <summary>Captures until it is stopped.</summary>
    /// <param name="begun">Told once all lines are on their way.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task RunAsync(Func<Task> begun, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var running = new List<Task>();
        try
        {
            var known = await FetchAsync(stop.Token).ConfigureAwait(false);
            LogFetched(known.Length);
            LogDivided(known.Length, (known.Length + options.ChunkSize - 1) / options.ChunkSize, options.ChunkSize);
            Start(known, running, stop.Token);
            Symbols = known;
            await begun().ConfigureAwait(false);
            while (true)
            {
                await Task.WhenAny([Task.Delay(options.RefreshEvery, time, stop.Token), .. running]).ConfigureAwait(false);
                stop.Token.ThrowIfCancellationRequested();
                if (running.Find(line => line.IsCompleted) is { } ended)
                {
                    await ended.ConfigureAwait(false); // A line ends only by a fault of ours.
                }
                known = await RefreshAsync(known, running, stop.Token).ConfigureAwait(false);
                Symbols = known;
            }
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<string[]> FetchAsync(CancellationToken cancellationToken)
    {
        for (var pause = FirstRetry; ; pause = pause * 2 < LongestRetry ? pause * 2 : LongestRetry)
        {
            try
            {
                var markets = await rest.MarketsAsync(cancellationToken).ConfigureAwait(false);
                activity(null);
                return markets;
            }
            catch (WallexRestException away)
            {
                activity($"waiting for the exchange: {away.Message}");
                LogNoMarkets(away.Message, Math.Round(pause.TotalSeconds, 1));
                await Task.Delay(pause * (0.75 + (Random.Shared.NextDouble() / 2)), time, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task<string[]> RefreshAsync(string[] known, List<Task> running, CancellationToken cancellationToken)
    {
        string[] now;
        try
        {
            now = await rest.MarketsAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (WallexRestException away)
        {
            LogNotRefreshed(away.Message);
            return known;
        }
        string[] added = [.. now.Except(known, StringComparer.Ordinal)], removed = [.. known.Except(now, StringComparer.Ordinal)];
        if (added.Length + removed.Length == 0)
        {
            return now;
        }
        LogChanged(added.Length, string.Join(' ', added.Take(10)), removed.Length, string.Join(' ', removed.Take(10)));
        foreach (var group in Groups)
        {
            (SocketLine Line, string Group)[] lines;
            lock (_lock)
            {
                lines = [.. _lines.Where(line => line.Group == group)];
            }
            var homeless = added.AsEnumerable();
            foreach (var (line, _) in lines)
            {
                line.Remove(removed);
                var room = Math.Max(0, options.ChunkSize - line.Symbols.Length);
                if (homeless.Take(room).ToArray() is { Length: > 0 } taken)
                {
                    await line.AddAsync(taken, cancellationToken).ConfigureAwait(false);
                    homeless = homeless.Skip(taken.Length);
                }
            }
            StartGroup(group, [.. homeless], running, cancellationToken);
        }
        listener.Lost(long.MaxValue, removed, time.GetUtcNow()); // Should they come back, what happened meanwhile is asked for.
        return now;
    }

    private void Start(string[] markets, List<Task> running, CancellationToken cancellationToken)
    {
        foreach (var group in Groups)
        {
            StartGroup(group, markets, running, cancellationToken);
        }
    }

    private void StartGroup(string group, string[] markets, List<Task> running, CancellationToken cancellationToken)
    {
        foreach (var chunk in markets.Chunk(options.ChunkSize))
        {
            var name = flow == WallexStream.Trades ? $"TradesWorker-{chunk[0]}" : $"DepthWorker-{group}-{chunk[0]}";
            var line = new SocketLine(name, chunk, [group], options, listener, _dials, figures, time, loggers.CreateLogger<SocketLine>());
            lock (_lock)
            {
                _lines.Add((line, group));
            }
            if (flow == WallexStream.Trades)
            {
                LogLoop(name);
            }
            else
            {
                LogThrottledLoop(name);
            }
            running.Add(Task.Run(() => line.RunAsync(cancellationToken), CancellationToken.None));
        }
    }

    [LoggerMessage(LogLevel.Information, "Fetched {Count} unique markets from Wallex API")]
    private partial void LogFetched(int count);

    [LoggerMessage(LogLevel.Information, "Divided {Count} markets into {Chunks} chunks of ~{Size}")]
    private partial void LogDivided(int count, int chunks, int size);

    [LoggerMessage(LogLevel.Information, "[{Name}] Starting message processing loop")]
    private partial void LogLoop(string name);

    [LoggerMessage(LogLevel.Information, "[{Name}] Starting message processing loop with throttling")]
    private partial void LogThrottledLoop(string name);

    [LoggerMessage(LogLevel.Warning, "No markets yet, asking again in {Delay} s: {Problem}")]
    private partial void LogNoMarkets(string problem, double delay);

    [LoggerMessage(LogLevel.Warning, "Markets could not be asked for again; going on with those known: {Problem}")]
    private partial void LogNotRefreshed(string problem);

    [LoggerMessage(LogLevel.Information, "Markets changed: {Added} came ({AddedNames}), {Removed} went ({RemovedNames})")]
    private partial void LogChanged(int added, string addedNames, int removed, string removedNames);
}
