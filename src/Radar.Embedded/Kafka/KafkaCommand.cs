using System.CommandLine;
using System.Globalization;
using Radar.Embedded.Processes;

namespace Radar.Embedded.Kafka;

/// <summary><c>radar-embedded kafka</c>: a broker until told to stop, real or mock.</summary>
internal static class KafkaCommand
{
    public static Command Create()
    {
        var state = new Option<DirectoryInfo>("--state") { Required = true, Description = "State folder; data lies in its folder kafka" };
        var port = new Option<int>("--port") { Required = true, Description = "Loopback port" };
        var topics = new Option<string[]>("--topic") { Description = "Topic and partitions, e.g. BTCUSDT:1; may be repeated" };
        var command = new Command("kafka", $"Run a Kafka broker on loopback: Apache Kafka where {RealBroker.HomeVariable} names one, librdkafka's mock otherwise")
        {
            state, port, topics,
        };
        command.SetAction(parse => ServiceHost.RunAsync(
            parse.GetRequiredValue(state).FullName,
            ["agent", "scheduler"],
            token => RunAsync(
                Path.Combine(parse.GetRequiredValue(state).FullName, "kafka"), parse.GetRequiredValue(port), Topics(parse.GetValue(topics) ?? []), token),
            TimeProvider.System));
        return command;
    }

    private static Dictionary<string, int> Topics(string[] topics) => topics.Select(topic => topic.Split(':')).ToDictionary(
        parts => parts[0],
        parts => parts.Length == 2 && int.TryParse(parts[1], CultureInfo.InvariantCulture, out var partitions) && partitions > 0
            ? partitions
            : throw new EmbeddedException($"--topic {string.Join(':', parts)} is not NAME:PARTITIONS, e.g. BTCUSDT:1."));

    private static async Task<int> RunAsync(string folder, int port, Dictionary<string, int> topics, CancellationToken stop)
    {
        var stopped = Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stop);
        if (Environment.GetEnvironmentVariable(RealBroker.HomeVariable) is not { Length: > 0 } home)
        {
            await using var mock = MockBroker.Start(port, topics);
            Console.WriteLine($"Mock broker answers at {mock.BootstrapServers}: {MockBroker.Limits}");
            await Task.WhenAny(stopped);
            return 0;
        }

        await using var broker = await RealBroker.StartAsync(home, folder, port, topics, TimeProvider.System, stop);
        Console.WriteLine($"Apache Kafka answers at {broker.BootstrapServers} (pid {broker.Pid})");
        if (await Task.WhenAny(broker.WaitForExitAsync(CancellationToken.None), stopped) != stopped)
        {
            throw new EmbeddedException("The Kafka broker ended by itself; see kafka/broker.log.");
        }
        return 0;
    }
}
