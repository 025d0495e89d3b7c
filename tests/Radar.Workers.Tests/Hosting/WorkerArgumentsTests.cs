using Microsoft.Extensions.Configuration;
using Radar.Workers.Consuming;
using Radar.Workers.Hosting;
using Radar.Workers.Producing;

namespace Radar.Workers.Tests.Hosting;

public sealed class WorkerArgumentsTests
{
    [Fact]
    public void Parse_Consumer_TakesItsId()
    {
        var arguments = WorkerArguments.Parse(["prediction-consumer", "--worker", "BTCUSDT/tst/v1", "--agent", "a", "--fleet", "f"]);
        Assert.Equal(("BTCUSDT/tst/v1", "a"), (arguments.Worker!.Value.Value, arguments.Agent));
    }

    [Theory]
    [InlineData("prediction-consumer")]
    [InlineData("agent", "--what")]
    [InlineData("candle-producer", "--worker")]
    public void Parse_Wrong_SaysWhatToWrite(params string[] args) =>
        Assert.Matches("radar-worker help|such as", Assert.Throws<ArgumentException>(() => WorkerArguments.Parse(args)).Message);

    [Fact]
    public void Read_SeveralWrongSettings_ListsThemAllWithValueAndFix()
    {
        var settings = new SettingsReader(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Radar:Market:Symbols"] = "btc/usdt",
            ["Radar:Exchange:PageSize"] = "5000",
            ["Radar:Kafka:FetchWait"] = "soon",
        }).Build());
        ProducerOptions.Read(settings);
        ConsumerOptions.Read(settings);
        var wrong = Assert.Throws<SettingsException>(settings.ThrowIfWrong).Message;
        Assert.Contains("Radar:Market:Symbols is 'btc/usdt'", wrong, StringComparison.Ordinal);
        Assert.Contains("Radar:Exchange:PageSize is '5000'", wrong, StringComparison.Ordinal);
        Assert.Contains("Radar:Kafka:FetchWait is 'soon'", wrong, StringComparison.Ordinal);
        Assert.Contains("RADAR__KAFKA__BOOTSTRAPSERVERS", wrong, StringComparison.Ordinal);
    }
}
