namespace Radar.EndToEnd.Tests;

/// <summary>The clone these tests belong to.</summary>
internal static class Repository
{
    /// <summary>The folder that holds Radar.sln.</summary>
    public static string Root { get; } = Find();

    private static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Radar.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException("Radar.sln is in no folder above the tests.");
    }
}
