using System.Net.WebSockets;
using Microsoft.Extensions.Logging;

namespace Radar.Workers.Producing.Wallex;

/// <summary>
/// Keeps one chunk of markets connected: dials, dials again after a while that grows, and replaces a connection before the exchange ends it. The new one
/// is listened to before the old one goes.
/// <code>
/// dialling ──► settling ──► settled ──► rotating ──► settled (the new one)
///     ▲            │           │            │
///     └── waiting ◄┴───────────┴────────────┘  ended
/// </code>
/// </summary>
internal sealed partial class SocketLine
{
    private static readonly TimeSpan Healthy = TimeSpan.FromSeconds(5);

    // Trades are counted by second: one second of the exchange must begin while both are told everything, and it may tell a trade late.
    private static readonly TimeSpan LeastOverlap = TimeSpan.FromSeconds(2);
    private static long _lastSuccession;

    private readonly WallexOptions _options;
    private readonly string[] _kinds;
    private readonly ISocketListener _listener;
    private readonly DialGate _gate;
    private readonly LineFigures _figures;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private readonly SortedSet<string> _symbols;
    private TaskCompletionSource _rotate = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private WallexSocket? _current;
    private long _succession;
    private int _failures;

    /// <param name="name">As it is called in the log: by its first market.</param>
    /// <param name="symbols">Its markets.</param>
    /// <param name="kinds">Channels of each: trade, or one side of the order book.</param>
    /// <param name="options">Settings.</param>
    /// <param name="listener">Told what comes.</param>
    /// <param name="gate">Spaces dials of all lines.</param>
    /// <param name="figures">Counts.</param>
    /// <param name="time">Clock.</param>
    /// <param name="logger">Log.</param>
    public SocketLine(
        string name, IEnumerable<string> symbols, string[] kinds, WallexOptions options, ISocketListener listener, DialGate gate, LineFigures figures,
        TimeProvider time, ILogger logger)
    {
        Name = name;
        (_kinds, _options, _listener, _gate, _figures, _time, _logger) = (kinds, options, listener, gate, figures, time, logger);
        _symbols = new SortedSet<string>(symbols, StringComparer.Ordinal);
    }

    public string Name { get; }

    /// <summary>Its markets now.</summary>
    public string[] Symbols
    {
        get
        {
            lock (_lock)
            {
                return [.. _symbols];
            }
        }
    }

    /// <summary>Takes further markets on; they are subscribed to on the connection there is.</summary>
    public async Task AddAsync(IReadOnlyCollection<string> symbols, CancellationToken cancellationToken)
    {
        WallexSocket? current;
        lock (_lock)
        {
            _symbols.UnionWith(symbols);
            current = _current;
        }
        if (current is not null) // Otherwise the dial under way has them, or what follows it.
        {
            await CompleteAsync(current, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Forgets markets: they are not subscribed to again, unless they are added again.</summary>
    public void Remove(IReadOnlyCollection<string> symbols)
    {
        lock (_lock)
        {
            _symbols.ExceptWith(symbols);
            _current?.Forget(symbols.SelectMany(Channels));
        }
    }

    /// <summary>Asks for another connection: this one does not tell everything.</summary>
    public void Rotate() => Volatile.Read(ref _rotate).TrySetResult();

    /// <summary>Keeps the line until it is stopped.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            var fresh = await EstablishAsync(overlaps: true, cancellationToken).ConfigureAwait(false);
            while (true)
            {
                _ = TellWhenSettledAsync(fresh, Markets(fresh.Channels));
                lock (_lock)
                {
                    _current = fresh;
                }
                await CompleteAsync(fresh, cancellationToken).ConfigureAwait(false);
                if (await RotatedAsync(fresh, cancellationToken).ConfigureAwait(false) is { } successor)
                {
                    fresh = successor;
                    continue;
                }
                lock (_lock)
                {
                    _current = null;
                }
                await LoseAsync(fresh, cancellationToken).ConfigureAwait(false);
                fresh = await EstablishAsync(overlaps: false, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            if (_current is { } last)
            {
                _current = null;
                _listener.Lost(last.Number, Symbols, last.LastHeard);
                await EndAsync(last).ConfigureAwait(false);
            }
        }
    }

    // Markets that were added while this connection was dialled.
    private async Task CompleteAsync(WallexSocket socket, CancellationToken cancellationToken)
    {
        try
        {
            if (await socket.SubscribeAsync([.. Symbols.SelectMany(Channels)], cancellationToken).ConfigureAwait(false) is { Count: > 0 } further)
            {
                await Task.Delay(_options.SettleAfter, _time, cancellationToken).ConfigureAwait(false);
                Settle(Markets(further));
            }
        }
        catch (Exception ended) when (ended is WebSocketException or ObjectDisposedException)
        {
            // Its successor has them.
        }
    }

    private IEnumerable<string> Channels(string symbol) => _kinds.Select(kind => $"{symbol}@{kind}");

    private static string[] Markets(IEnumerable<string> channels) =>
        [.. channels.Select(channel => channel[..channel.IndexOf('@', StringComparison.Ordinal)]).Distinct(StringComparer.Ordinal)];

    // Lives until the socket ends (null), or until its successor has heard everything beside it for long enough and it has told its last.
    private async Task<WallexSocket?> RotatedAsync(WallexSocket socket, CancellationToken cancellationToken)
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Volatile.Write(ref _rotate, asked);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var left = (_options.RotateAfter * (0.9 + (0.1 * Random.Shared.NextDouble()))) - _time.GetElapsedTime(socket.Began);
        var least = _options.RotateAfter < Healthy ? _options.RotateAfter : Healthy; // Older than that already when it was overlapped for long, or its successor died.
        var due = Task.Delay(left > least ? left : least, _time, stop.Token);
        await Task.WhenAny(socket.Ended, due, asked.Task).ConfigureAwait(false);
        if (socket.Ended.IsCompleted)
        {
            await stop.CancelAsync().ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            return null;
        }
        cancellationToken.ThrowIfCancellationRequested();
        LogRotating(Name);
        var dialling = EstablishAsync(overlaps: true, stop.Token);
        await Task.WhenAny(dialling, socket.Ended).ConfigureAwait(false);
        if (!dialling.IsCompletedSuccessfully)
        {
            await stop.CancelAsync().ConfigureAwait(false); // It ended meanwhile: begin as after any other end.
            await GiveUpAsync(dialling).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            return null;
        }
        var successor = await dialling.ConfigureAwait(false);
        try
        {
            var overlap = OverlapAsync(successor, stop.Token);
            await Task.WhenAny(overlap, successor.Ended, socket.Ended).WaitAsync(cancellationToken).ConfigureAwait(false);
            if (successor.Ended.IsCompleted && !socket.Ended.IsCompleted)
            {
                await EndAsync(successor).ConfigureAwait(false);
                _listener.Gone(successor.Number);
                return socket;
            }
            var complete = overlap.IsCompletedSuccessfully && await socket.LeaveAsync(cancellationToken).ConfigureAwait(false);
            // Nobody can say what came between the two, or to markets that were added meanwhile; once the successor is settled, REST can.
            _listener.Lost(
                socket.Number, complete ? [.. Symbols.Except(Markets(successor.Channels), StringComparer.Ordinal)] : Symbols, socket.LastHeard);
        }
        catch (OperationCanceledException)
        {
            await EndAsync(successor).ConfigureAwait(false);
            throw;
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
        }
        await EndAsync(socket).ConfigureAwait(false);
        return successor;
    }

    private async Task OverlapAsync(WallexSocket successor, CancellationToken cancellationToken)
    {
        await successor.Settled.WaitAsync(cancellationToken).ConfigureAwait(false);
        await Task.Delay(_options.Overlap > LeastOverlap ? _options.Overlap : LeastOverlap, _time, cancellationToken).ConfigureAwait(false);
    }

    // One that overlaps with none before it tells nothing that these told: in the listener's eyes they are one connection.
    private async Task<WallexSocket> EstablishAsync(bool overlaps, CancellationToken cancellationToken)
    {
        var succession = overlaps ? _succession = Interlocked.Increment(ref _lastSuccession) : _succession;
        while (true)
        {
            await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
            var socket = new WallexSocket(Name, _options, (said, token) => _listener.HearAsync(succession, said, token), _time, _logger) { Number = succession };
            try
            {
                await socket.DialAsync(cancellationToken).ConfigureAwait(false);
                LogConnected(Name);
                await socket.SubscribeAsync([.. Symbols.SelectMany(Channels)], cancellationToken).ConfigureAwait(false);
                LogSubscribed(Name);
                _figures.Opened();
                return socket;
            }
            catch (Exception failed) when (failed is WebSocketException or OperationCanceledException or HttpRequestException or IOException)
            {
                await socket.DisposeAsync().ConfigureAwait(false);
                cancellationToken.ThrowIfCancellationRequested();
                await PauseAsync(failed.Message, ++_failures, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task LoseAsync(WallexSocket socket, CancellationToken cancellationToken)
    {
        var problem = await socket.Ended.ConfigureAwait(false);
        _listener.Lost(socket.Number, Symbols, socket.LastHeard);
        await EndAsync(socket).ConfigureAwait(false);
        _figures.Reconnected();
        // A connection that lived is followed at once; one that did not is a failure like that of a dial.
        _failures = _time.GetElapsedTime(socket.Began) >= Healthy ? 0 : _failures + 1;
        await PauseAsync(problem, _failures, cancellationToken).ConfigureAwait(false);
    }

    // Half the delay more or less, so that many lines do not come back in step.
    private async Task PauseAsync(string problem, int failures, CancellationToken cancellationToken)
    {
        var delay = failures == 0
            ? TimeSpan.Zero
            : TimeSpan.FromSeconds(Math.Min(
                _options.FirstDelay.TotalSeconds * Math.Pow(2, Math.Min(failures - 1, 20)), _options.LongestDelay.TotalSeconds)) * (0.5 + Random.Shared.NextDouble());
        LogReconnecting(Name, problem, Math.Round(delay.TotalSeconds, 1));
        await Task.Delay(delay, _time, cancellationToken).ConfigureAwait(false);
    }

    private async Task TellWhenSettledAsync(WallexSocket socket, string[] symbols)
    {
        await Task.WhenAny(socket.Settled, socket.Ended).ConfigureAwait(false);
        if (socket.Settled.IsCompletedSuccessfully && !socket.Ended.IsCompleted)
        {
            Settle(symbols);
        }
    }

    private void Settle(string[] symbols) => _listener.Settled([.. symbols.Intersect(Symbols, StringComparer.Ordinal)]); // Not those removed meanwhile.

    private async Task GiveUpAsync(Task<WallexSocket> dialling)
    {
        await ((Task)dialling).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (dialling.IsCompletedSuccessfully)
        {
            await EndAsync(await dialling.ConfigureAwait(false)).ConfigureAwait(false);
        }
    }

    private async Task EndAsync(WallexSocket socket)
    {
        await socket.DisposeAsync().ConfigureAwait(false);
        _figures.Closed();
    }

    [LoggerMessage(LogLevel.Information, "[{Name}] Connected to WebSocket")]
    private partial void LogConnected(string name);

    [LoggerMessage(LogLevel.Information, "[{Name}] Subscriptions sent")]
    private partial void LogSubscribed(string name);

    [LoggerMessage(LogLevel.Information, "[{Name}] Connecting anew before the exchange ends the connection; both are listened to meanwhile")]
    private partial void LogRotating(string name);

    [LoggerMessage(LogLevel.Warning, "[{Name}] WebSocket error: {Problem}. Reconnecting in {Delay}s...")]
    private partial void LogReconnecting(string name, string problem, double delay);
}
