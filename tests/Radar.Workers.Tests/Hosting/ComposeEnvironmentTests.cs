using Microsoft.Extensions.Configuration;
using Radar.Jobs.Fleet;
using Radar.Testing;
using Radar.Workers.Hosting;
using Radar.Workers.Supervision;

namespace Radar.Workers.Tests.Hosting;

/// <summary>What compose.yaml tells an agent and its workers is what they ask for.</summary>
public sealed class ComposeEnvironmentTests
{
    [Fact]
    public void Agent_of_compose_asks_for_every_name_it_is_given_and_takes_every_value()
    {
        var asked = new AskedSettings(ComposeImage.EnvironmentOf(ComposeFile.Repository.Services["agent"]));
        var settings = new SettingsReader(new ConfigurationBuilder().Add(asked).Build());
        _ = SupervisionOptions.Read(settings);
        _ = LeaseOptions.Read(settings);
        _ = LogLevels.Read(settings);
        Assert.NotEmpty(RadarWorker.Connection(settings));
        Prepare(WorkerCatalogue.Kinds, settings);
        settings.ThrowIfWrong();
        Assert.Empty(asked.NeverAsked);
    }

    [Fact]
    public void Workers_run_by_hand_ask_for_every_name_they_are_given_and_need_no_database()
    {
        var environment = ComposeFile.Repository.Services["by-hand"].Environment;
        Assert.DoesNotContain("DATABASE_URL", environment.Keys);
        Assert.DoesNotContain("RADAR__DATABASE", environment.Keys);
        var asked = new AskedSettings(environment);
        var settings = new SettingsReader(new ConfigurationBuilder().Add(asked).Build());
        _ = LogLevels.Read(settings);
        Prepare(WorkerCatalogue.Kinds.Where(kind => WorkerCatalogue.GuaranteeAlone(kind) is not null), settings);
        settings.ThrowIfWrong();
        Assert.Empty(asked.NeverAsked);
    }

    [Theory]
    [InlineData("agent")]
    [InlineData("by-hand")]
    public void Command_of_a_container_is_one_of_ours(string service)
    {
        var command = ComposeFile.Repository.Services[service].Command;
        Assert.Equal("radar-worker", command[0]);
        if (command[1] != "help")
        {
            var arguments = WorkerArguments.Parse([.. command.Skip(1)]);
            Assert.Equal("agent", arguments.Verb);
            Assert.True(arguments.StopWorkers, "Workers end with their container, so the agent is to stop them in order.");
        }
    }

    private static void Prepare(IEnumerable<string> kinds, SettingsReader settings)
    {
        foreach (var kind in kinds)
        {
            _ = WorkerCatalogue.Prepare(
                kind, WorkerCatalogue.UsualWorker(kind) ?? new WorkerId(kind == WorkerKinds.PredictionConsumer ? "BTCUSDT/lightgbm/v1" : $"wallex/{kind}/1"), settings);
        }
    }
}
