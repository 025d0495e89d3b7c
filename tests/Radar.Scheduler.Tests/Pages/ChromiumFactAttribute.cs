namespace Radar.Scheduler.Tests.Pages;

/// <summary>A test that needs a browser; skipped by name where there is none.</summary>
internal sealed class ChromiumFactAttribute : FactAttribute
{
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
