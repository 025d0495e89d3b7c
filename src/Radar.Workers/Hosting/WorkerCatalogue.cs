using Radar.Jobs.Fleet;
using Radar.Market.Models;
using Radar.Workers.Consuming;
using Radar.Workers.Producing;
using Radar.Workers.Producing.Wallex;
using Radar.Workers.Sinking;

namespace Radar.Workers.Hosting;

/// <summary>Which verb makes which worker.</summary>
internal static class WorkerCatalogue
{
    /// <summary>Connections of one worker: beats and reports, the work's reading and writing, and LISTEN; see docs/connections.md.</summary>
    private const int OneWorker = 4;

    private const int MostOfOneProcess = 16;

    /// <summary>The verbs that make a worker.</summary>
    public static IReadOnlyList<string> Kinds { get; } =
        [WorkerKinds.CandleProducer, WorkerKinds.PredictionConsumer, WorkerKinds.WallexTrades, WorkerKinds.WallexDepth,
         WorkerKinds.TradesSink, WorkerKinds.DepthSink];

    /// <summary>The worker that a verb means when none is named; null: one must be.</summary>
    public static WorkerId? UsualWorker(string kind) => kind switch
    {
        WorkerKinds.CandleProducer => WorkerId.Producer,
        WorkerKinds.WallexTrades => WorkerId.WallexTrades,
        WorkerKinds.WallexDepth => WorkerId.WallexDepth,
        WorkerKinds.TradesSink or WorkerKinds.DepthSink => WorkerId.Sink(kind, 1),
        _ => null,
    };

    /// <summary>What it means for a worker to run by hand, without PostgreSQL; null: it cannot.</summary>
    public static string? GuaranteeAlone(string kind) => kind switch
    {
        WorkerKinds.WallexTrades => "Each trade once, as far as the topic's end remembers it; run only one",
        WorkerKinds.WallexDepth => "Run only one: a second one publishes every order book again",
        WorkerKinds.TradesSink => "Nothing is lost, and a trade read twice is one row",
        WorkerKinds.DepthSink => "Nothing is lost, but without PostgreSQL a crash may store a block of order books twice (at least once)",
        _ => null,
    };

    /// <summary>Connections that a worker may hold: a producer reads and writes for each of its markets.</summary>
    public static int Connections(string kind, SettingsReader settings) => kind == WorkerKinds.CandleProducer
        ? Math.Min(MostOfOneProcess, OneWorker + 2 * ((settings.Text("Radar:Market:Symbols")?.Split(',').Length ?? 1) - 1))
        : OneWorker;

    /// <summary>Reads a worker's settings; what is wrong with them is collected in <paramref name="settings"/>.</summary>
    /// <exception cref="ArgumentException">The id does not fit the kind.</exception>
    public static Func<IWorker> Prepare(string kind, WorkerId id, SettingsReader settings)
    {
        if (kind == WorkerKinds.CandleProducer)
        {
            var options = ProducerOptions.Read(settings);
            return () => new CandleProducer(options, (context, activity) => new BinanceSource(options.Exchange, context.Time, activity));
        }
        if (kind == WorkerKinds.WallexTrades)
        {
            var options = WallexOptions.Read(WallexStream.Trades, settings);
            return () => new TradeProducer(options);
        }
        if (kind == WorkerKinds.WallexDepth)
        {
            var options = WallexOptions.Read(WallexStream.Depth, settings);
            return () => new DepthProducer(options);
        }
        if (kind is WorkerKinds.TradesSink or WorkerKinds.DepthSink)
        {
            var options = SinkOptions.Read(kind == WorkerKinds.TradesSink ? SinkStream.Trades : SinkStream.Depth, settings);
            return () => new Sink(options);
        }
        var model = ModelId.Parse(id.Value);
        var consumer = ConsumerOptions.Read(settings);
        return () => new PredictionConsumer(model, consumer);
    }
}
