using System.Net.WebSockets;
using Microsoft.Extensions.Logging;

namespace Radar.Workers.Producing.Wallex;

/// <summary>One connection: dialled, subscribed and read until it ends. It reads no further while what it read is being dealt with.</summary>
internal sealed partial class WallexSocket : IAsyncDisposable
{
    private static readonly TimeSpan WriteTimeout = TimeSpan.FromSeconds(10);

    private readonly WallexOptions _options;
    private readonly IWallexProtocol _protocol;
    private readonly Func<Said, CancellationToken, ValueTask> _hear;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly string _name;
    private readonly ClientWebSocket _socket = new();
    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly CancellationTokenSource _gone = new();
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly HashSet<string> _subscribed = new(StringComparer.Ordinal);
    private readonly HashSet<string> _unconfirmed = new(StringComparer.Ordinal);
    private string? _problem;
    private bool _sent;
    private long _heardAt;
    private long _dataAt;
    private long _leftAt;
    private volatile bool _leaving;
    private bool _goodbye;

    /// <param name="name">As it is called in the log.</param>
    /// <param name="options">Settings.</param>
    /// <param name="hear">Told each frame; what it waits for, the socket waits for.</param>
    /// <param name="time">Clock.</param>
    /// <param name="logger">Log.</param>
    public WallexSocket(string name, WallexOptions options, Func<Said, CancellationToken, ValueTask> hear, TimeProvider time, ILogger logger)
    {
        (_name, _options, _hear, _time, _logger) = (name, options, hear, time, logger);
        _protocol = options.SecondProtocol ? new SecondProtocol(options.PongWithin) : new FirstProtocol();
        _socket.Options.KeepAliveInterval = options.PingEvery;
        _socket.Options.KeepAliveTimeout = Timeout.InfiniteTimeSpan; // An answer would lie behind what we do not read while we wait for Kafka.
        (Began, _heardAt, _dataAt, LastHeard) = (time.GetTimestamp(), time.GetTimestamp(), time.GetTimestamp(), time.GetUtcNow());
    }

    /// <summary>Its number in the listener's eyes.</summary>
    public required long Number { get; init; }

    /// <summary>When it began, by the monotonic clock.</summary>
    public long Began { get; private set; }

    /// <summary>When anything came, at last.</summary>
    public DateTimeOffset LastHeard { get; private set; }

    /// <summary>The connection's end, with the reason. Never fails.</summary>
    public Task<string> Ended { get; private set; } = Task.FromResult("it never began");

    /// <summary>Ends when every subscription is confirmed or, where nobody confirms, old enough. May never end.</summary>
    public Task Settled => _settled.Task;

    /// <summary>Channels that it is subscribed to, or about to be.</summary>
    public string[] Channels
    {
        get
        {
            lock (_unconfirmed)
            {
                return [.. _subscribed];
            }
        }
    }

    /// <summary>Dials, and reads from then on.</summary>
    public async Task DialAsync(CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(_options.DialTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            await _socket.ConnectAsync(new Uri(_options.SocketUrl, _protocol.Path), LivingHosts.Of(_options), either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new WebSocketException($"{_options.SocketUrl} did not answer within {_options.DialTimeout.TotalSeconds:0.#} s");
        }
        (Began, _heardAt, _dataAt, LastHeard) = (_time.GetTimestamp(), _time.GetTimestamp(), _time.GetTimestamp(), _time.GetUtcNow());
        Ended = LiveAsync();
        if (_protocol.Hello is { } hello)
        {
            await SendAsync(hello, either.Token).ConfigureAwait(false);
            await _ready.Task.WaitAsync(either.Token).ConfigureAwait(false);
        }
    }

    /// <summary>Subscribes to those of the channels that it is not subscribed to.</summary>
    /// <returns>Which these were.</returns>
    public async Task<IReadOnlyCollection<string>> SubscribeAsync(IReadOnlyCollection<string> channels, CancellationToken cancellationToken)
    {
        string[] further;
        lock (_unconfirmed)
        {
            further = [.. channels.Where(_subscribed.Add)];
            _unconfirmed.UnionWith(further);
        }
        foreach (var channel in further)
        {
            await SendAsync(_protocol.Subscribe(channel), cancellationToken).ConfigureAwait(false);
            if (_options.SubscribeEvery > TimeSpan.Zero)
            {
                await Task.Delay(_options.SubscribeEvery, _time, cancellationToken).ConfigureAwait(false);
            }
        }
        _sent = true;
        if (_protocol.Confirms)
        {
            Confirm(null);
        }
        else
        {
            _ = SettleAsync();
        }
        return further;
    }

    /// <summary>Counts channels as not subscribed to: should they be wanted again, they are asked for again.</summary>
    public void Forget(IEnumerable<string> channels)
    {
        lock (_unconfirmed)
        {
            _subscribed.ExceptWith(channels);
        }
    }

    /// <summary>Says goodbye, and hears on until the exchange says it too: TCP keeps the order, so all that was told before is heard then.</summary>
    /// <returns>False: it ended in another way, and what was told last may not have been heard.</returns>
    public async Task<bool> LeaveAsync(CancellationToken cancellationToken)
    {
        _leftAt = _time.GetTimestamp();
        _leaving = true;
        using var deadline = new CancellationTokenSource(WriteTimeout, _time);
        using var any = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token, _gone.Token);
        try
        {
            await _sending.WaitAsync(any.Token).ConfigureAwait(false);
            try
            {
                await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, any.Token).ConfigureAwait(false);
            }
            finally
            {
                _sending.Release();
            }
        }
        catch (Exception ended) when (ended is WebSocketException or IOException or ObjectDisposedException or InvalidOperationException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested(); // Otherwise it has ended, or will.
        }
        await Ended.WaitAsync(cancellationToken).ConfigureAwait(false);
        return _goodbye;
    }

    /// <summary>Ends the connection; what it was told and has not heard is gone.</summary>
    public async ValueTask DisposeAsync()
    {
        _problem ??= "closed by us";
        await _gone.CancelAsync().ConfigureAwait(false);
        _socket.Abort();
        await Ended.ConfigureAwait(false);
        _socket.Dispose();
        // Neither _sending nor _gone: a late answer to a ping may still look at them.
    }

    private void Confirm(string? channel)
    {
        lock (_unconfirmed)
        {
            _unconfirmed.Remove(channel ?? "");
            if (_sent && _unconfirmed.Count == 0)
            {
                _settled.TrySetResult();
            }
        }
    }

    private async Task SettleAsync()
    {
        await Task.Delay(_options.SettleAfter, _time, _gone.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!_gone.IsCancellationRequested)
        {
            _settled.TrySetResult();
        }
    }

    private async Task SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(WriteTimeout, _time);
        using var any = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token, _gone.Token);
        try
        {
            await _sending.WaitAsync(any.Token).ConfigureAwait(false);
            try
            {
                await _socket.SendAsync(message, WebSocketMessageType.Text, endOfMessage: true, any.Token).ConfigureAwait(false);
            }
            finally
            {
                _sending.Release();
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new WebSocketException(_problem ?? $"a message could not be sent within {WriteTimeout.TotalSeconds:0} s");
        }
    }
}
