namespace Radar.Workers.Hosting;

/// <summary>How a process of <c>radar-worker</c> ends, for its agent and for scripts.</summary>
public static class ExitCodes
{
    /// <summary>It was asked to end, and did.</summary>
    public const int Done = 0;

    /// <summary>An error nobody foresaw; its text is on the worker's page and in its log.</summary>
    public const int Error = 1;

    /// <summary>It was called wrongly.</summary>
    public const int Usage = 64;

    /// <summary>PostgreSQL cannot be reached.</summary>
    public const int Unavailable = 69;

    /// <summary>A newer process holds its lease: it wrote nothing more and ended by itself.</summary>
    public const int Fenced = 75;

    /// <summary>Another living process holds the lease.</summary>
    public const int Held = 76;

    /// <summary>A setting or a model is wrong: trying again does not help.</summary>
    public const int Misconfigured = 78;
}
