namespace Radar.Scheduler.Cli;

/// <summary>What a look at an invariant found.</summary>
/// <param name="Faults">What breaks it, a phrase each; none when it holds.</param>
/// <param name="Unknown">What could not be found out, and why: neither a fault nor a proof that there is none.</param>
internal sealed record Finding(IReadOnlyList<string> Faults, string? Unknown = null)
{
    private const int MostNamed = 5;

    /// <summary>The first word of the invariant's line.</summary>
    public string Verdict => Faults.Count > 0 ? "FAULT" : Unknown is null ? "ok" : "?";

    /// <summary>What follows the invariant, or nothing.</summary>
    public string Detail
    {
        get
        {
            string[] parts = [.. Faults.Take(MostNamed), .. Faults.Count > MostNamed ? [$"and {Faults.Count - MostNamed} more"] : (string[])[], .. Unknown is { } unknown ? [unknown] : (string[])[]];
            return parts.Length == 0 ? "" : ": " + string.Join("; ", parts);
        }
    }
}
