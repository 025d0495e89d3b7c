using System.CommandLine;
using Radar.Jobs.Fleet;
using Radar.Jobs.Workflows;
using Radar.Scheduler.Api;

namespace Radar.Scheduler.Cli;

/// <summary><c>radar logs WORKER [-f]</c>.</summary>
internal static class LogsCommand
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(300);

    public static Command Create()
    {
        var worker = new Argument<string>("worker") { Description = "For instance BTCUSDT/lightgbm/v1" };
        var follow = new Option<bool>("--follow", "-f") { Description = "Go on as lines come" };
        var lines = new Option<int>("--lines", "-n") { DefaultValueFactory = _ => 100, Description = "How many of the last lines" };
        return Verb.Create("logs", "Show a worker's log", [worker, follow, lines], async (parse, system, token) =>
        {
            var path = WorkerLogs.Path(Path.Combine(system.Path, "logs"), new WorkerId(parse.GetRequiredValue(worker)));
            if (!File.Exists(path))
            {
                var known = await KnownAsync(system, token);
                throw new OperatorException(
                    $"There is no log {path}.{Nearest.Suggest(parse.GetRequiredValue(worker), known)} Workers: {(known.Count == 0 ? "none" : string.Join(", ", known))}.");
            }
            var position = new FileInfo(path).Length;
            foreach (var line in await WorkerLogs.TailAsync(path, parse.GetValue(lines), token))
            {
                Console.WriteLine(line);
            }
            while (parse.GetValue(follow))
            {
                await Task.Delay(Look, TimeProvider.System, token);
                await using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
                stream.Position = stream.Length < position ? 0 : position; // Shorter: it was rotated.
                using var reader = new StreamReader(stream);
                Console.Write(await reader.ReadToEndAsync(token));
                position = stream.Position;
            }
            return 0;
        });
    }

    private static async Task<IReadOnlyList<string>> KnownAsync(SystemFolder system, CancellationToken cancellationToken)
    {
        await using var database = system.Database();
        await using var command = database.CreateCommand("SELECT worker_id FROM radar.workers ORDER BY worker_id");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var known = new List<string>();
        while (await reader.ReadAsync(cancellationToken))
        {
            known.Add(reader.GetString(0));
        }
        return known;
    }
}
