using Radar.Jobs.Fleet;

namespace Radar.Workers.Hosting;

/// <summary>The command line: a verb, then <c>--name value</c> pairs.</summary>
/// <param name="Verb"><c>agent</c> or one of <see cref="WorkerCatalogue.Kinds"/>.</param>
/// <param name="Worker"><c>--worker</c>: which one to be.</param>
/// <param name="Agent"><c>--agent</c>: who started it; null when run by hand.</param>
/// <param name="Register"><c>--register</c>: make the worker known and ask it to start, when nobody has.</param>
/// <param name="StopWorkers"><c>--stop-workers</c>: an agent that is stopped stops its workers too.</param>
internal sealed record WorkerArguments(string Verb, WorkerId? Worker, string? Agent, bool Register, bool StopWorkers)
{
    public const string Help = """
        radar-worker VERB [OPTIONS]

          agent [--stop-workers]                        supervises the workers of this host; with --stop-workers they end with it
          candle-producer [--worker ALL/producer/main]  Binance candles to PostgreSQL, Kafka and CSV
          prediction-consumer --worker BTCUSDT/lightgbm/v1
                                                        candles to the predictions of one model version
          wallex-trades                                 every trade of every Wallex market to Kafka
          wallex-depth                                  both sides of every Wallex order book to Kafka, once an interval
          trades-sink [--worker trades-sink/1]          trades of every exchange to ClickHouse
          depth-sink [--worker depth-sink/1]            order books to ClickHouse
          setup trades-sink|depth-sink                  makes or completes that sink's table
          drop trades-sink|depth-sink [--yes]           drops it with all its rows, once its name was typed

        Producers and sinks of Wallex also run from their environment alone: without RADAR__DATABASE and --agent they need neither PostgreSQL nor a lease.

        Options of a worker run by hand:
          --register   make the worker known first (otherwise start-fleet or the dashboard does)

        Settings come from the environment (RADAR__DATABASE, RADAR__KAFKA__BOOTSTRAPSERVERS, ...); see docs/workers.md.
        """;

    /// <exception cref="ArgumentException">What is wrong, and what to write instead.</exception>
    public static WorkerArguments Parse(string[] args)
    {
        var verb = args[0];
        string? worker = null, agent = null;
        bool register = false, stopWorkers = false;
        for (var i = 1; i < args.Length; i++)
        {
            switch (args[i])
            {
                case "--worker": worker = Value(args, ref i); break;
                case "--agent": agent = Value(args, ref i); break;
                case "--fleet": _ = Value(args, ref i); break; // Tells the processes of one fleet from another's; see ProcessTable.
                case "--register": register = true; break;
                case "--stop-workers": stopWorkers = true; break;
                default: throw new ArgumentException($"'{args[i]}' is not an option of '{verb}'. See radar-worker help.");
            }
        }
        worker ??= WorkerCatalogue.UsualWorker(verb)?.Value;
        if (worker is null && verb == WorkerKinds.PredictionConsumer)
        {
            throw new ArgumentException("prediction-consumer needs --worker, such as --worker BTCUSDT/lightgbm/v1.");
        }
        return new WorkerArguments(verb, worker is null ? null : new WorkerId(worker), agent, register, stopWorkers);
    }

    private static string Value(string[] args, ref int at) =>
        ++at < args.Length ? args[at] : throw new ArgumentException($"'{args[at - 1]}' needs a value. See radar-worker help.");
}
