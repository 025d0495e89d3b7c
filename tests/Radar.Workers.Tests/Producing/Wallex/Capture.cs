using System.Text;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Radar.Embedded.Exchange.Wallex;
using Radar.Embedded.Kafka;
using Radar.Jobs.Fleet;
using Radar.Workers.Hosting;
using Radar.Workers.Producing.Wallex;

namespace Radar.Workers.Tests.Producing.Wallex;

/// <summary>A market, a broker and a producer between them, in this process; every time is short, every ratio as in earnest.</summary>
internal sealed class Capture : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("radar-capture-").FullName;
    private readonly Func<WallexOptions, WallexOptions> _change;
    private readonly WallexStream _flow;
    private readonly Log _log = new();
    private CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;
    private IWorker? _worker;
    private WorkerContext? _context;

    private Capture(WallexStream flow, Market market, MockBroker broker, Func<WallexOptions, WallexOptions> change) =>
        (_flow, Market, Broker, _change) = (flow, market, broker, change);

    public Market Market { get; }

    public MockBroker Broker { get; set; }

    public string LogText => _log.Text;

    public string Activity => _context?.Activity ?? "";

    public string Topic => _flow == WallexStream.Trades ? "radar_trades" : "radar_depths";

    public string Gaps => Path.Combine(_folder, "gaps", (_flow == WallexStream.Trades ? WorkerId.WallexTrades : WorkerId.WallexDepth).FileName + ".jsonl");

    public static Dictionary<string, int> Topics(int partitions) => new() { ["radar_trades"] = partitions, ["radar_depths"] = partitions, ["radar_dead_letters"] = 1 };

    public static async Task<Capture> CreateAsync(
        WallexStream flow, WallexSettings settings, Func<WallexOptions, WallexOptions>? change = null, int partitions = 3) => new(
            flow, await Market.OpenAsync(settings), MockBroker.Start(0, Topics(partitions)), change ?? (options => options));

    /// <summary>Starts a producer; its log begins anew.</summary>
    public void Start()
    {
        _stop = new CancellationTokenSource();
        var options = _change(new WallexOptions
        {
            BaseUrl = Market.Address,
            SocketUrl = new UriBuilder(Market.Address) { Scheme = "ws" }.Uri,
            BootstrapServers = Broker.BootstrapServers,
            Topic = Topic,
            DialEvery = TimeSpan.FromMilliseconds(5),
            SettleAfter = TimeSpan.FromSeconds(0.3),
            FirstDelay = TimeSpan.FromSeconds(0.1),
            Throttle = TimeSpan.FromSeconds(0.5),
            RestPerSecond = 500,
            AuditEvery = TimeSpan.Zero,
            LogsDirectory = _folder,
        });
        _context = WorkerContext.Alone(_flow == WallexStream.Trades ? WorkerId.WallexTrades : WorkerId.WallexDepth, TimeProvider.System, _log);
        var worker = _worker = _flow == WallexStream.Trades ? new TradeProducer(options) : new DepthProducer(options);
        _running = Task.Run(() => worker.RunAsync(_context, _stop.Token));
    }

    /// <summary>Stops the producer in order, as SIGTERM does.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        try
        {
            await _running;
        }
        catch (OperationCanceledException)
        {
        }
        await (_worker?.DisposeAsync() ?? default);
        _worker = null;
    }

    /// <summary>A figure of the heartbeat.</summary>
    public double Figure(string name)
    {
        using var figures = System.Text.Json.JsonDocument.Parse(_context!.Figures.Take());
        return figures.RootElement.TryGetProperty(name, out var figure) ? figure.GetDouble() : 0;
    }

    /// <summary>Waits for so many channels to be listened to.</summary>
    public Task SubscribedAsync(int channels) => UntilAsync(async () => await Market.CountAsync("subscriptions") >= channels, $"{channels} subscriptions");

    public Task UntilAsync(Func<Task<bool>> condition, string what) => Until.TrueAsync(
        async () =>
        {
            if (_running.IsFaulted)
            {
                await _running;
            }
            return await condition();
        },
        () => Task.FromResult($"{what}; it is '{Activity}'\n{_log.Text}"));

    /// <summary>All that the topic holds.</summary>
    public List<ConsumeResult<byte[], byte[]>> Published() => Records.All(Broker.BootstrapServers, Topic);

    /// <summary>All that the topic holds, as texts, in no order.</summary>
    public List<string> Frames() => [.. Published().Select(record => Encoding.UTF8.GetString(record.Message.Value))];

    /// <summary>
    /// Waits until the topic has every trade of the ledger, and none oftener than the ledger. (Of equal ones in the second in which a connection breaks
    /// nobody can say how many were missed.)
    /// </summary>
    public async Task ComplementsLedgerAsync()
    {
        await UntilAsync(async () => !(await Market.TradesAsync()).Select(trade => trade.Frame).Except(Frames()).Any() && Figure("undelivered") == 0, "every trade to be published");
        var made = (await Market.TradesAsync()).CountBy(trade => trade.Frame).ToDictionary();
        Assert.DoesNotContain(Frames().CountBy(frame => frame), frame => frame.Value > made.GetValueOrDefault(frame.Key));
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Broker.DisposeAsync();
        await Market.DisposeAsync();
        _log.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private sealed class Log : ILoggerFactory, ILogger
    {
        private readonly StringBuilder _text = new();

        public string Text
        {
            get
            {
                lock (_text)
                {
                    return _text.ToString();
                }
            }
        }

        void ILogger.Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (_text)
            {
                _text.AppendLine(formatter(state, exception));
            }
        }

        public ILogger CreateLogger(string categoryName) => this;

        public bool IsEnabled(LogLevel logLevel) => true;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public void Dispose()
        {
        }
    }
}
