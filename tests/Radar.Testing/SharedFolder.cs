namespace Radar.Testing;

/// <summary>The folder of market data and golden values beside the repository: <c>RADAR_SHARED</c>, or <c>../shared</c> from its root.</summary>
public static class SharedFolder
{
    /// <summary>The repository's root: the folder of Radar.sln.</summary>
    public static string Repository { get; } = FindRepository();

    /// <summary>The folder, whether it is there or not.</summary>
    public static string Root { get; } =
        Environment.GetEnvironmentVariable("RADAR_SHARED") is { Length: > 0 } set ? set : Path.GetFullPath(Path.Combine(Repository, "..", "shared"));

    /// <summary>A file or folder of it.</summary>
    public static string Of(string path) => Path.Combine(Root, path);

    /// <summary>Whether it has that file or folder.</summary>
    public static bool Has(string path) => File.Exists(Of(path)) || Directory.Exists(Of(path));

    /// <summary>A built program of this repository, such as radar-worker of Radar.Workers.</summary>
    public static string Program(string project, string assembly) => Radar.Embedded.RepositoryRoot.Program(project, assembly);

    private static string FindRepository()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Radar.sln")))
            {
                return folder.FullName;
            }
        }
        throw new DirectoryNotFoundException($"No folder above '{AppContext.BaseDirectory}' has Radar.sln.");
    }
}
