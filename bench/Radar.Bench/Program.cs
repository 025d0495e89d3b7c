using System.CommandLine;
using Radar.Bench;
using Radar.Bench.ClickHouse;
using Radar.Bench.Engines;
using Radar.Bench.Fleet;
using Radar.Bench.Sinking;

var rows = new Option<int>("--rows") { Description = "Candles to use, the first so many of the 18 months; 0: all.", DefaultValueFactory = _ => 0 };
var runs = new Option<int>("--runs") { Description = "Runs of each; the median counts.", DefaultValueFactory = _ => 3 };
var models = new Option<string[]>("--models") { Description = "Models to measure.", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => ["lightgbm", "tst"] };
var reconcile = new Command("reconcile", "Reconciliation of stored history, end to end, beside bare ONNX Runtime.") { rows, runs, models };
reconcile.SetAction((arguments, cancellationToken) => ReconcileBenchmark.RunAsync(
    arguments.GetValue(rows), arguments.GetValue(runs), arguments.GetValue(models)!, TimeProvider.System, cancellationToken));
var fleet = new Command("fleet", "A whole system: candle closed to prediction stored, memory of each worker, seconds of start-fleet and kill-fleet.");
fleet.SetAction((_, cancellationToken) => FleetBench.RunAsync(BenchFolders.Repository, TimeProvider.System, cancellationToken));
var jobs = new Option<int>("--jobs") { Description = "Jobs to drain.", DefaultValueFactory = _ => 1000 };
var samples = new Option<int>("--samples") { Description = "Enqueues to time, one after the other.", DefaultValueFactory = _ => 100 };
var only = new Option<string[]>("--engine") { Description = "Engines to measure; each of this build without it.", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [.. EnginesPresent.All] };
only.AcceptOnlyFromAmong([.. EnginesPresent.All]);
var engines = new Command("engines", "Each job engine of this build by itself and under Radar: enqueue to start, tasks per second, a chain of five.") { only, jobs, samples, runs };
engines.SetAction((arguments, cancellationToken) => EnginesBenchmark.RunAsync(
    arguments.GetValue(only)!, arguments.GetValue(jobs), arguments.GetValue(samples), arguments.GetValue(runs), TimeProvider.System, cancellationToken));
var engine = new Argument<string>("engine");
var bare = new Option<bool>("--bare");
var node = new Command("engine-node", "The second process of engines.") { engine, bare };
node.Hidden = true;
node.SetAction((arguments, cancellationToken) => EngineNode.RunAsync(arguments.GetValue(engine)!, arguments.GetValue(bare), cancellationToken));
var trades = new Option<int>("--rows") { Description = "Trades.", DefaultValueFactory = _ => 5_000_000 };
var clickHouse = new Command("clickhouse", "Trades from memory into the embedded ClickHouse: rows per second for batches of several sizes.") { trades };
clickHouse.SetAction((arguments, cancellationToken) => InsertBenchmark.RunAsync(arguments.GetValue(trades), TimeProvider.System, cancellationToken));
var batch = new Option<int>("--batch") { Description = "Rows of a batch.", DefaultValueFactory = _ => 50_000 };
var rounds = new Option<int>("--rounds") { Description = "Rounds; in each everything is measured once, and the median counts.", DefaultValueFactory = _ => 3 };
var sink = new Command("sink", "Trades from Apache Kafka into the embedded ClickHouse through trades-sink, beside reading alone, inserting alone and both at once; on Debian's clickhouse-server too where it is installed.") { trades, batch, rounds };
sink.SetAction((arguments, cancellationToken) => SinkBenchmark.RunAsync(
    arguments.GetValue(trades), arguments.GetValue(batch), arguments.GetValue(rounds), TimeProvider.System, cancellationToken));
var kafka = new Option<string?>("--kafka");
var topic = new Option<string>("--topic") { DefaultValueFactory = _ => "" };
var server = new Option<string?>("--clickhouse");
var database = new Option<string>("--database") { DefaultValueFactory = _ => "" };
var sinkNode = new Command("sink-node", "The processes that sink measures beside the sink.") { kafka, topic, server, database, trades, batch };
sinkNode.Hidden = true;
sinkNode.SetAction((arguments, cancellationToken) => BareNode.RunAsync(
    arguments.GetValue(kafka), arguments.GetValue(topic)!, arguments.GetValue(server) is { } url ? new Uri(url) : null, arguments.GetValue(database)!, arguments.GetValue(trades), arguments.GetValue(batch), cancellationToken));
return await new RootCommand("Radar's benchmarks.") { reconcile, fleet, engines, clickHouse, sink, node, sinkNode }.Parse(args).InvokeAsync();
