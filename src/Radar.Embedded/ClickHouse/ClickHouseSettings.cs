namespace Radar.Embedded.ClickHouse;

/// <summary>What to run.</summary>
/// <param name="Folder">Where tables lie.</param>
/// <param name="Port">Loopback port; 0: any free one.</param>
public sealed record ClickHouseSettings(string Folder, int Port)
{
    /// <summary>The only user.</summary>
    public string User { get; init; } = "default";

    /// <summary>The user's password; the default is none, so that everybody on this machine gets in.</summary>
    public string Password { get; init; } = "";

    /// <summary>Statements at a time; one more is refused with code 202, as the real server does. The default is 100.</summary>
    public int MaxStatements { get; init; } = 100;
}
