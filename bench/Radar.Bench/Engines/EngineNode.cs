using System.Diagnostics;

namespace Radar.Bench.Engines;

/// <summary>A second process that runs the jobs which the first one puts.</summary>
internal sealed class EngineNode : IAsyncDisposable
{
    private readonly Process _process;

    private EngineNode(Process process) => _process = process;

    /// <summary>Starts the process and waits until it takes jobs.</summary>
    public static async Task<EngineNode> StartAsync(string engine, bool bare, string database, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.Environment["RADAR_BENCH_DATABASE"] = database;
        foreach (var argument in (string[])[typeof(EngineNode).Assembly.Location, "engine-node", engine, .. bare ? ["--bare"] : Array.Empty<string>()])
        {
            start.ArgumentList.Add(argument);
        }

        var process = Process.Start(start)!;
        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        process.OutputDataReceived += (_, line) =>
        {
            if (line.Data == "ready")
            {
                ready.TrySetResult();
            }
            else if (line.Data is not null)
            {
                Beginnings.Hear(line.Data);
            }
        };
        process.BeginOutputReadLine();
        await ready.Task.WaitAsync(TimeSpan.FromMinutes(2), TimeProvider.System, cancellationToken);
        return new(process);
    }

    /// <summary>What the process does: takes jobs until its standard input ends.</summary>
    public static async Task<int> RunAsync(string engine, bool bare, CancellationToken cancellationToken)
    {
        var database = Environment.GetEnvironmentVariable("RADAR_BENCH_DATABASE")
            ?? throw new InvalidOperationException("engine-node is started by the benchmark 'engines', not by hand.");
        Beginnings.Tell = true;
        await using IContender contender = bare ? EnginesPresent.Bare(engine, database, "second") : new RadarOn(engine, database, "second");
        await contender.StartAsync(works: true, cancellationToken);
        Console.WriteLine("ready");
        while (await Console.In.ReadLineAsync(cancellationToken) is not null)
        {
        }

        return 0;
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(1), TimeProvider.System);
        _process.Dispose();
    }
}
