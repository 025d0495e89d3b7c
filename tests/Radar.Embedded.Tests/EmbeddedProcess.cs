using System.Diagnostics;
using Radar.Embedded.Launch;

namespace Radar.Embedded.Tests;

/// <summary>A <c>radar-embedded</c> of its own, which tests may kill.</summary>
internal sealed class EmbeddedProcess : IDisposable
{
    private readonly Process _process;

    private EmbeddedProcess(Process process)
    {
        _process = process;
        Output = process.StandardOutput.ReadToEndAsync();
        Errors = process.StandardError.ReadToEndAsync();
    }

    public int Pid => _process.Id;

    public int ExitCode => _process.ExitCode;

    public bool HasExited => _process.HasExited;

    /// <summary>What it said, once it ended.</summary>
    public Task<string> Output { get; }

    /// <summary>What it said of errors, once it ended.</summary>
    public Task<string> Errors { get; }

    public static EmbeddedProcess Start(IReadOnlyDictionary<string, string?> environment, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])[RepositoryRoot.Program("Radar.Embedded", "radar-embedded"), .. arguments])
        {
            start.ArgumentList.Add(argument);
        }
        foreach (var (variable, value) in environment)
        {
            start.Environment[variable] = value;
        }
        return new EmbeddedProcess(Process.Start(start)!);
    }

    /// <summary>Runs a verb to its end.</summary>
    public static async Task<(int ExitCode, string Output)> RunAsync(params string[] arguments)
    {
        using var process = Start(new Dictionary<string, string?>(), arguments);
        await process.WaitForExitAsync();
        return (process.ExitCode, await process.Output + await process.Errors);
    }

    /// <summary>kill -9, and nothing of it afterwards.</summary>
    public async Task KillAsync()
    {
        Signals.Kill(Pid);
        await WaitForExitAsync();
    }

    public async Task WaitForExitAsync()
    {
        using var deadline = new CancellationTokenSource(Patience.Long);
        await _process.WaitForExitAsync(deadline.Token);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            Signals.Kill(_process.Id);
        }
        _process.Dispose();
    }
}
