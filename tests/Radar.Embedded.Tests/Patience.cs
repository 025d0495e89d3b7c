namespace Radar.Embedded.Tests;

/// <summary>Deadlines that end tests which would hang; no test is right or wrong by them.</summary>
internal static class Patience
{
    public static readonly TimeSpan Long = TimeSpan.FromMinutes(3);
}
