using System.Diagnostics;

namespace Radar.Embedded.Tests.ClickHouse;

/// <summary>ClickHouse's official client for Node.js, which knows nothing of us.</summary>
public sealed class OfficialClientTests(ClickHouseFixture server) : IClassFixture<ClickHouseFixture>
{
    [Fact]
    public async Task OfficialClient_PingsCreatesInsertsAndSelects()
    {
        var script = Path.Combine(RepositoryRoot.Path, "tests", "Radar.Embedded.Tests", "ClickHouse", "official-client.mjs");
        var start = new ProcessStartInfo(
            "node", [script, $"{server.Options.Url}", server.Options.User, server.Options.Password, await server.CreateDatabaseAsync()])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var node = Process.Start(start)!;
        var errors = node.StandardError.ReadToEndAsync();
        Assert.Equal(("all well\n", ""), (await node.StandardOutput.ReadToEndAsync(), await errors));
    }
}
