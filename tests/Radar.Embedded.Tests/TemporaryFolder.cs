using Radar.Embedded.Postgres;

namespace Radar.Embedded.Tests;

/// <summary>A folder that only its owner may enter (mode 0700), removed at the end with what PostgreSQL put elsewhere for it.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("radar-embedded-").FullName;

    public string In(params string[] parts) => System.IO.Path.Combine([Path, .. parts]);

    public void Dispose()
    {
        PostgresServer.Erase(In("postgres"));
        if (Directory.Exists(Path))
        {
            Directory.Delete(Path, recursive: true);
        }
    }
}
