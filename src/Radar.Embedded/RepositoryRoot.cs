namespace Radar.Embedded;

/// <summary>The clone this program was built in: node_modules and the other executables are found from there.</summary>
public static class RepositoryRoot
{
    /// <summary>The folder that holds Radar.sln.</summary>
    /// <exception cref="InvalidOperationException">There is none above the program.</exception>
    public static string Path { get; } = Find();

    /// <summary>The built program of another room, of the same configuration as this one.</summary>
    public static string Program(string project, string assembly)
    {
        var output = new DirectoryInfo(AppContext.BaseDirectory); // .../bin/<configuration>/net10.0/
        var configuration = output.Parent?.Name ?? "Release";
        return System.IO.Path.Combine(Path, "src", project, "bin", configuration, output.Name, assembly + ".dll");
    }

    private static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(System.IO.Path.Combine(folder.FullName, "Radar.sln")))
        {
            folder = folder.Parent;
        }
        return folder?.FullName
            ?? throw new InvalidOperationException($"Radar.sln is in no folder above {AppContext.BaseDirectory}: run ./radar from a clone.");
    }
}
