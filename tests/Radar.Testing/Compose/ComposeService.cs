namespace Radar.Testing;

/// <summary>A service of <see cref="ComposeFile"/>.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Node">What is said of it.</param>
public sealed record ComposeService(string Name, IReadOnlyDictionary<string, object?> Node)
{
    /// <summary>The image.</summary>
    public string Image => (string)Node["image"]!;

    /// <summary>The Dockerfile that the image is built from; null: it is pulled.</summary>
    public string? Dockerfile => Node.GetValueOrDefault("build") is { } build ? (string)ComposeFile.Map(build)["dockerfile"]! : null;

    /// <summary>Whether it does its work once and ends.</summary>
    public bool OneShot => (string?)Node.GetValueOrDefault("restart") == "no";

    /// <summary>Its command.</summary>
    public IReadOnlyList<string> Command => List("command");

    /// <summary>Its published ports, each <c>address:port:port</c>.</summary>
    public IReadOnlyList<string> Ports => List("ports");

    /// <summary>Its mounts, each <c>what:where[:ro]</c>.</summary>
    public IReadOnlyList<string> Volumes => List("volumes");

    /// <summary>The command of its health check; empty where it has none.</summary>
    public IReadOnlyList<string> HealthCheck => Node.GetValueOrDefault("healthcheck") is { } check ? Strings(ComposeFile.Map(check)["test"]) : [];

    /// <summary>What it waits for, and until when.</summary>
    public IReadOnlyDictionary<string, string> DependsOn => Node.GetValueOrDefault("depends_on") is { } others
        ? ComposeFile.Map(others).ToDictionary(other => other.Key, other => (string)ComposeFile.Map(other.Value)["condition"]!)
        : new Dictionary<string, string>();

    /// <summary>Its environment.</summary>
    public IReadOnlyDictionary<string, string> Environment => Node.GetValueOrDefault("environment") is { } names
        ? ComposeFile.Map(names).ToDictionary(name => name.Key, name => (string?)name.Value ?? "")
        : new Dictionary<string, string>();

    /// <summary>Its limit of <c>cpus</c> or <c>memory</c>; null: none.</summary>
    public string? Limit(string of)
    {
        object? node = Node.GetValueOrDefault("deploy");
        foreach (var name in (string[])["resources", "limits", of])
        {
            node = (node as IReadOnlyDictionary<string, object?>)?.GetValueOrDefault(name);
        }
        return (string?)node;
    }

    private IReadOnlyList<string> List(string name) => Node.GetValueOrDefault(name) is { } list ? Strings(list) : [];

    private static IReadOnlyList<string> Strings(object? list) => [.. ((List<object?>)list!).Cast<string>()];
}
