using Microsoft.Extensions.Configuration;
using Radar.Market.ClickHouse;
using Radar.Testing;
using Radar.Workers.Hosting;

namespace Radar.Workers.Tests.Sinking;

/// <summary><c>radar-worker setup</c> and <c>drop</c>.</summary>
public sealed class TableVerbsTests(ClickHouseFixture server) : IClassFixture<ClickHouseFixture>
{
    [Fact]
    public async Task SetupAndDrop_AsAskedAndConfirmed_MakeTheTableAndTakeItAway()
    {
        var database = await server.CreateDatabaseAsync();
        using var client = server.CreateClient();
        var trades = new TableName(database, "trades_master");
        Task<int> Run(string? answer, params string[] args) => TableVerbs.RunAsync(args, Settings(database), answer is null ? null : new StringReader(answer), default);

        Assert.Equal(ExitCodes.Done, await Run(null, "drop", "trades-sink")); // There is nothing, so nobody is asked.
        Assert.Equal(ExitCodes.Done, await Run(null, "setup", "trades-sink"));
        Assert.Equal(ExitCodes.Done, await Run(null, "setup", "trades-sink"));
        Assert.True(await TableSetup.ExistsAsync(client, trades, default));

        Assert.Equal(ExitCodes.Usage, await Run(null, "drop", "trades-sink"));
        Assert.Equal(ExitCodes.Usage, await Run("yes\n", "drop", "trades-sink"));
        Assert.Equal(ExitCodes.Usage, await Run("", "drop", "trades-sink"));
        Assert.True(await TableSetup.ExistsAsync(client, trades, default));
        Assert.Equal(ExitCodes.Done, await Run($"{database}.trades_master\n", "drop", "trades-sink"));
        Assert.False(await TableSetup.ExistsAsync(client, trades, default));

        Assert.Equal(ExitCodes.Done, await Run(null, "setup", "depth-sink"));
        Assert.Equal(ExitCodes.Done, await Run(null, "drop", "depth-sink", "--yes"));
        Assert.False(await TableSetup.ExistsAsync(client, new TableName(database, "orderbook_depth"), default));
    }

    [Theory]
    [InlineData("setup")]
    [InlineData("drop", "trades")]
    [InlineData("setup", "trades-sink", "--yes")]
    [InlineData("drop", "trades-sink", "--force")]
    public async Task Verb_CalledWrongly_SaysHow(params string[] args)
    {
        var wrong = await Assert.ThrowsAsync<ArgumentException>(() => TableVerbs.RunAsync(args, Settings("trades"), null, default));
        Assert.Contains($"radar-worker {args[0]} trades-sink|depth-sink", wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Drop_ServerAway_SaysSo() => Assert.Equal(
        ExitCodes.Unavailable, await TableVerbs.RunAsync(["drop", "trades-sink", "--yes"], Settings("trades", "http://127.0.0.1:1"), null, default));

    private SettingsReader Settings(string database, string? url = null) => new(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
    {
        ["Radar:ClickHouse:Url"] = url ?? server.Options.Url.ToString(),
        ["Radar:ClickHouse:User"] = server.Options.User,
        ["Radar:ClickHouse:Password"] = server.Options.Password,
        ["Radar:ClickHouse:Database"] = database,
    }).Build());
}
