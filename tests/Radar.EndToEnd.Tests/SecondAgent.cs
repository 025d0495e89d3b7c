using System.Diagnostics;
using Radar.Testing;

namespace Radar.EndToEnd.Tests;

/// <summary>A second agent beside the one that <c>up</c> supervises, as on a second host: same settings, another name.</summary>
internal sealed class SecondAgent : IDisposable
{
    private const string Name = "second";
    private readonly Process _process;

    private SecondAgent(Process process) => _process = process;

    /// <summary>Starts it with the environment of the first.</summary>
    public static SecondAgent Start(int firstAgent)
    {
        var command = File.ReadAllText($"/proc/{firstAgent}/cmdline").Split('\0', StringSplitOptions.RemoveEmptyEntries);
        var start = new ProcessStartInfo(command[0]);
        foreach (var argument in command.Skip(1))
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var entry in File.ReadAllText($"/proc/{firstAgent}/environ").Split('\0', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = entry.IndexOf('=', StringComparison.Ordinal);
            start.Environment[entry[..equals]] = entry[(equals + 1)..];
        }

        start.Environment["RADAR__AGENT__NAME"] = Name;
        return new SecondAgent(Process.Start(start)!);
    }

    public void Dispose()
    {
        if (!_process.HasExited && ProcessSignals.Names(_process.Id, Name))
        {
            Signals.Kill(_process.Id);
        }

        _process.Dispose();
    }
}
