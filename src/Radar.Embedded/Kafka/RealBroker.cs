using System.Globalization;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Radar.Embedded.Launch;
using Radar.Embedded.Processes;

namespace Radar.Embedded.Kafka;

/// <summary>A real Apache Kafka broker (KRaft, one node) from a folder of its jars. It ends when this process does.</summary>
public sealed class RealBroker : IAsyncDisposable
{
    /// <summary>The variable that names a distribution: a folder with <c>libs/</c>.</summary>
    public const string HomeVariable = "RADAR_KAFKA_HOME";

    private const string ClusterId = "UmFkYXItZW1iZWRkZWQtMQ";
    private static readonly TimeSpan StartDeadline = TimeSpan.FromMinutes(3); // Under load a JVM takes half a minute; this only ends what would hang.
    private static readonly TimeSpan StopDeadline = TimeSpan.FromSeconds(20);
    private readonly WatchedProcess _process;
    private readonly TimeProvider _time;

    private RealBroker(WatchedProcess process, string bootstrapServers, TimeProvider time)
    {
        _process = process;
        BootstrapServers = bootstrapServers;
        _time = time;
    }

    /// <summary>Host and port for clients.</summary>
    public string BootstrapServers { get; }

    /// <summary>Process id of the JVM.</summary>
    public int Pid => _process.Pid;

    /// <summary>Starts a broker on data that may be there already, and makes the topics that are not.</summary>
    /// <param name="home">The distribution.</param>
    /// <param name="folder">Its data, configuration and log.</param>
    /// <param name="port">Loopback port.</param>
    /// <param name="topics">Topics with their partitions.</param>
    /// <param name="time">Clock.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="advertised">The port that clients are sent to, where something stands before the broker; otherwise its own.</param>
    /// <exception cref="EmbeddedException">No such distribution, no Java, or the broker does not come up.</exception>
    public static async Task<RealBroker> StartAsync(
        string home, string folder, int port, IReadOnlyDictionary<string, int> topics, TimeProvider time, CancellationToken cancellationToken, int? advertised = null)
    {
        var jars = Path.Combine(Path.GetFullPath(home), "libs", "*");
        if (!Directory.Exists(Path.GetDirectoryName(jars)))
        {
            throw new EmbeddedException($"{HomeVariable} is '{home}', which has no folder libs: set it to an Apache Kafka distribution, or unset it for the mock broker.");
        }
        Directory.CreateDirectory(folder);
        var configuration = Path.Combine(folder, "server.properties");
        var log = Path.Combine(folder, "broker.log");
        await WaitForPredecessorAsync(folder, time, cancellationToken);
        await File.WriteAllTextAsync(configuration, Properties(folder, port, advertised ?? port, ControllerPort(folder, port)), cancellationToken);
        if (!File.Exists(Path.Combine(folder, "data", "meta.properties")))
        {
            var (exitCode, output) = await ServiceUser.RunAsync(
                null, ["java", "-cp", jars, "kafka.tools.StorageTool", "format", "-t", ClusterId, "-c", configuration], cancellationToken);
            if (exitCode != 0)
            {
                throw new EmbeddedException($"Kafka's storage in {folder} could not be formatted: {output.Trim()}");
            }
        }

        var process = WatchedProcess.Start(
            null, "TERM", log, "java", "-Xms128m", "-Xmx384m", "-XX:+UseSerialGC", "-cp", jars, "kafka.Kafka", configuration);
        process.KeepBounded(log, time);
        await File.WriteAllTextAsync(Path.Combine(folder, "broker.process"), ProcessIdentity.Find(process.Pid)?.ToString(), cancellationToken);
        var broker = new RealBroker(process, string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}"), time);
        try
        {
            await broker.WaitAsync(topics, log, cancellationToken);
            return broker;
        }
        catch
        {
            await broker.DisposeAsync();
            throw;
        }
    }

    /// <summary>Ends when the broker does.</summary>
    public Task WaitForExitAsync(CancellationToken cancellationToken) => _process.WaitForExitAsync(cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _process.StopAsync(StopDeadline, _time);
        _process.Dispose();
    }

    // A host that was killed leaves a broker that is just stopping: it holds port and data, and would even answer.
    private static async Task WaitForPredecessorAsync(string folder, TimeProvider time, CancellationToken cancellationToken)
    {
        var file = Path.Combine(folder, "broker.process");
        if (!File.Exists(file) || ProcessIdentity.Parse(await File.ReadAllTextAsync(file, cancellationToken)) is not { } predecessor)
        {
            return;
        }
        var since = time.GetTimestamp();
        while (predecessor.IsAlive)
        {
            if (time.GetElapsedTime(since) > StopDeadline)
            {
                Signals.Kill(predecessor.Pid);
            }
            await Task.Delay(TimeSpan.FromMilliseconds(50), time, cancellationToken);
        }
    }

    private async Task WaitAsync(IReadOnlyDictionary<string, int> topics, string log, CancellationToken cancellationToken)
    {
        var started = _time.GetTimestamp();
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = BootstrapServers })
            .SetLogHandler((_, _) => { }) // "Connection refused" until it listens.
            .Build();
        while (true)
        {
            if (_process.HasExited || _time.GetElapsedTime(started) > StartDeadline)
            {
                throw new EmbeddedException($"The Kafka broker did not come up at {BootstrapServers}; the end of {log}:\n{string.Join('\n', File.ReadLines(log).TakeLast(8))}");
            }
            try
            {
                var known = (await Task.Run(() => admin.GetMetadata(TimeSpan.FromSeconds(2)), cancellationToken)).Topics.Select(topic => topic.Topic);
                var missing = topics.Where(topic => !known.Contains(topic.Key, StringComparer.Ordinal))
                    .Select(topic => new TopicSpecification { Name = topic.Key, NumPartitions = topic.Value, ReplicationFactor = 1 }).ToList();
                if (missing.Count > 0)
                {
                    await admin.CreateTopicsAsync(missing);
                }
                return;
            }
            catch (KafkaException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(200), _time, cancellationToken);
            }
        }
    }

    // Kept, so that logs tell one address; another only where somebody else listens there meanwhile. The log directory does not know it.
    internal static int ControllerPort(string folder, int port)
    {
        var file = Path.Combine(folder, "controller-port");
        if (File.Exists(file) && int.TryParse(File.ReadAllText(file), CultureInfo.InvariantCulture, out var kept) && kept != port && Ports.IsFree(kept))
        {
            return kept;
        }
        var chosen = Ports.Free(port);
        File.WriteAllText(file, chosen.ToString(CultureInfo.InvariantCulture));
        return chosen;
    }

    private static string Properties(string folder, int port, int advertised, int controller) => string.Create(CultureInfo.InvariantCulture, $"""
        process.roles=broker,controller
        node.id=1
        controller.quorum.voters=1@127.0.0.1:{controller}
        listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
        advertised.listeners=PLAINTEXT://127.0.0.1:{advertised}
        controller.listener.names=CONTROLLER
        inter.broker.listener.name=PLAINTEXT
        listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
        log.dirs={Path.Combine(folder, "data")}
        offsets.topic.replication.factor=1
        offsets.topic.num.partitions=4
        transaction.state.log.replication.factor=1
        transaction.state.log.min.isr=1
        transaction.state.log.num.partitions=4
        share.coordinator.state.topic.replication.factor=1
        group.initial.rebalance.delay.ms=0
        initial.broker.registration.timeout.ms={StartDeadline.TotalMilliseconds}
        auto.create.topics.enable=false

        """);
}
