using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using Radar.Embedded.Exchange.Wallex;
using Radar.Jobs.Fleet;
using Radar.Workers.Hosting;
using Radar.Workers.Producing.Wallex;

namespace Radar.Workers.Tests.Producing.Wallex;

/// <summary>When REST is asked, and when a gap is closed.</summary>
public sealed class TradeRepairTests : IAsyncLifetime, IDisposable
{
    private const string Symbol = "USDTTMN";
    private readonly string _folder = Directory.CreateTempSubdirectory("radar-repair-").FullName;
    private readonly TradeBook _book = new(new Dictionary<string, DateTimeOffset>());
    private readonly ConcurrentQueue<Action<bool>> _published = [];
    private readonly CancellationTokenSource _stop = new();
    private Market _market = null!;
    private WallexRestClient _rest = null!;
    private Task _running = Task.CompletedTask;

    public async Task InitializeAsync()
    {
        _market = await Market.OpenAsync(new WallexSettings { Markets = 9, TradesPerSecond = 0, DepthMarkets = 0 });
        _rest = new WallexRestClient(Options, TimeProvider.System);
    }

    [Fact]
    public async Task Gap_ThatIsNotOver_IsLeftAlone()
    {
        var repair = Create();
        Settle(repair, Symbol);
        _book.Lose(Symbol, TimeProvider.System.GetUtcNow(), 1); // Before its turn came.
        string[] others = ["BTCTMN", "BTCUSDT", "ETHTMN", "ETHUSDT", "TRXTMN"];
        foreach (var other in others)
        {
            Settle(repair, other);
        }
        Run(repair);
        await Until.TrueAsync(() => Array.TrueForAll(others, other => _book.Of(other).Gap is null), "the others' repair");
        Assert.NotNull(_book.Of(Symbol).Gap);

        Settle(repair, Symbol);
        await Until.TrueAsync(() => _book.Of(Symbol).Gap is null, "its repair");
    }

    [Fact]
    public async Task Gap_ThatBeganAnewDuringItsRepair_IsRepairedAgain()
    {
        await SayAsync("1");
        var repair = Create();
        Settle(repair, Symbol);
        Run(repair);
        await Until.TrueAsync(() => _published.Count == 1, "the missing trade");
        _book.Lose(Symbol, TimeProvider.System.GetUtcNow(), 1);
        await SayAsync("2");
        Settle(repair, Symbol);
        _published.TryDequeue(out var delivered);
        delivered!(true);
        await Until.TrueAsync(() => _published.TryDequeue(out delivered), "what was missed meanwhile");
        Assert.NotNull(_book.Of(Symbol).Gap);
        delivered!(true);
        await Until.TrueAsync(() => _book.Of(Symbol).Gap is null, "the end of the gap");
    }

    [Fact]
    public async Task Fault_OfOneRepair_EndsAll()
    {
        await SayAsync("1");
        var repair = Create((_, _) => throw new InvalidDataException("ours"));
        Settle(repair, Symbol);
        Run(repair);
        await Assert.ThrowsAsync<InvalidDataException>(() => _running.WaitAsync(TimeSpan.FromSeconds(60), TimeProvider.System));
    }

    public async Task DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _market.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    public void Dispose()
    {
        _rest.Dispose();
        _stop.Dispose();
    }

    private WallexOptions Options => new() { BaseUrl = _market.Address, SocketUrl = _market.Address, BootstrapServers = "", Topic = "", AuditEvery = TimeSpan.Zero };

    private TradeRepair Create(Func<byte[], Action<bool>?, ValueTask>? publish = null) => new(
        _book, _rest, new GapList(_folder, WorkerContext.Alone(WorkerId.WallexTrades, TimeProvider.System, NullLoggerFactory.Instance)), Options,
        publish ?? ((_, done) =>
        {
            _published.Enqueue(done!);
            return ValueTask.CompletedTask;
        }),
        () => false, _ => { }, TimeProvider.System, NullLogger<TradeRepair>.Instance);

    // As a line does once it listens.
    private void Settle(TradeRepair repair, string symbol)
    {
        _book.Of(symbol).Settle();
        repair.Enqueue(symbol);
    }

    private void Run(TradeRepair repair) => _running = Task.Run(() => repair.RunAsync(_stop.Token));

    private Task SayAsync(string price) => _market.SayAsync(
        $$"""["{{Symbol}}@trade",{"isBuyOrder":true,"quantity":"1","price":"{{price}}","timestamp":"{{TimeProvider.System.GetUtcNow().UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}}"}]""");
}
