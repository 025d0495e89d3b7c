using System.CommandLine;

namespace Radar.Embedded.Launch;

/// <summary>The option that every verb takes.</summary>
internal static class StateOption
{
    public static Option<DirectoryInfo> Create() => new("--state")
    {
        Description = "State folder; several systems live side by side in several",
        DefaultValueFactory = _ => new DirectoryInfo(Path.Combine(RepositoryRoot.Path, ".radar")),
    };
}
