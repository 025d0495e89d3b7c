using Xunit;

namespace Radar.Testing;

/// <summary>A test that needs a browser; skipped by name where there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ChromiumFactAttribute : FactAttribute
{
    /// <summary>What keeps a browser from talking to anybody but the page's own server.</summary>
    public static readonly IReadOnlyList<string> Quiet =
        ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

    /// <summary>The browser: RADAR_CHROMIUM, or where Debian puts it.</summary>
    public static string Browser { get; } = Environment.GetEnvironmentVariable("RADAR_CHROMIUM") is { Length: > 0 } path ? path : "/usr/bin/chromium";

    public ChromiumFactAttribute()
    {
        if (!File.Exists(Browser))
        {
            Skip = $"There is no browser at {Browser} (apt-get install chromium, or set RADAR_CHROMIUM).";
        }
    }
}
