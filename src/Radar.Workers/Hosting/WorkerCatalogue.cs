using Radar.Jobs.Fleet;
using Radar.Market.Models;
using Radar.Workers.Consuming;
using Radar.Workers.Producing;

namespace Radar.Workers.Hosting;

/// <summary>Which verb makes which worker.</summary>
internal static class WorkerCatalogue
{
    /// <summary>Connections of one worker: beats and reports, the work's reading and writing, and LISTEN; see docs/connections.md.</summary>
    private const int OneWorker = 4;

    private const int MostOfOneProcess = 16;

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
        var model = ModelId.Parse(id.Value);
        var consumer = ConsumerOptions.Read(settings);
        return () => new PredictionConsumer(model, consumer);
    }
}
