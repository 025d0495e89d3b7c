namespace Radar.Scheduler.Auth;

/// <summary>Where a login leads back to: a page of ours, never another site.</summary>
internal static class ReturnAddress
{
    /// <summary>The query parameter that carries it.</summary>
    public const string Parameter = "ReturnUrl";

    /// <summary>The address if it is a page of ours, otherwise the start page.</summary>
    /// <param name="asked">What the query said; anybody may have written it.</param>
    public static string Of(string? asked) => IsOurs(asked) ? asked! : "/";

    // Browsers read "//host" and "/\\host" as another host, and drop control characters before they look.
    private static bool IsOurs(string? asked) =>
        asked is ['/', ..] and not ['/', '/' or '\\', ..]
        && !asked.Any(char.IsControl)
        && !asked.StartsWith("/login", StringComparison.OrdinalIgnoreCase)
        && !asked.StartsWith("/api/", StringComparison.OrdinalIgnoreCase);
}
