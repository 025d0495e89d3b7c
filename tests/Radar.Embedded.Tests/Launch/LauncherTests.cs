using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Radar.Embedded.Launch;
using Radar.Embedded.Postgres;

namespace Radar.Embedded.Tests.Launch;

/// <summary>A whole system brought up by <c>radar-embedded up</c>, as ./radar does it.</summary>
public sealed class LauncherTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private StateFolder State => new(_folder.In("state"));

    public void Dispose()
    {
        foreach (var process in Leftovers.Find(State))
        {
            Signals.Kill(process.Pid);
        }
        PostgresServer.Erase(State.In("postgres"));
        _folder.Dispose();
    }

    [Fact]
    public async Task Up_ServicesKilled_RestartsThemAndWhenKilledItselfLeavesNothing()
    {
        var (exitCode, output) = await UpAsync("--market-capture", "--port", Ports.Free().ToString(CultureInfo.InvariantCulture)); // Other systems may come up at this moment.
        Assert.True(exitCode == 0, output);
        Assert.Contains("mock broker", output, StringComparison.Ordinal);
        Assert.Contains("login      operator / ", output, StringComparison.Ordinal);
        Assert.DoesNotContain(State.ReadSecrets()!.OperatorPassword, await File.ReadAllTextAsync(State.Log("up")), StringComparison.Ordinal);
        Assert.Equal("600", Convert.ToString((int)File.GetUnixFileMode(State.In("secrets.json")), 8));

        foreach (var name in (string[])["exchange", "kafka", "clickhouse", "scheduler", "agent", "postgres"])
        {
            var before = Service(name);
            Signals.Kill(before.Pid);
            await Eventually.TrueAsync(
                () => Service(name) is { State: "running", Pid: > 0 } now && now.Process != before.Process && now.Address == before.Address,
                Patience.Long,
                $"{name} to be started again at its address");
        }

        var (again, told) = await UpAsync();
        Assert.True(again == 0, told);
        Assert.Contains("runs already", told, StringComparison.Ordinal);
        Assert.DoesNotContain(State.ReadSecrets()!.OperatorPassword, told, StringComparison.Ordinal);

        Assert.NotEmpty(Leftovers.Find(State));
        Signals.Kill(ProcessIdentity.Parse(State.ReadSystem()!.Launcher)!.Value.Pid);
        await Eventually.TrueAsync(() => Leftovers.Find(State).Count == 0, Patience.Long, "every process to notice that the launcher is gone");

        var (down, said) = await EmbeddedProcess.RunAsync("down", "--erase", "--state", State.Path);
        Assert.True(down == 0, said);
        Assert.False(Directory.Exists(State.Path));
    }

    [Fact]
    public async Task Up_AttendedThroughTheLauncherScriptAndKilled_LeavesNothing()
    {
        var start = new ProcessStartInfo(Path.Combine(RepositoryRoot.Path, "radar"), ["up", "--simulate", "--state", State.Path]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["RADAR_SKIP_BUILD"] = "1"; // The tests were built with it.
        using var radar = Process.Start(start)!;
        var (output, errors) = (radar.StandardOutput.ReadToEndAsync(), radar.StandardError.ReadToEndAsync());
        await Eventually.TrueAsync(() => State.ReadSystem()?.Services.Any(service => service.State == "running" && service.Pid > 0) ?? false, Patience.Long, "a service to run");
        Assert.NotEmpty(Leftovers.Find(State));
        Signals.Kill(radar.Id);
        await radar.WaitForExitAsync();
        await Eventually.TrueAsync(() => Leftovers.Find(State).Count == 0, Patience.Long, "every process to notice that the launcher is gone");
        await Task.WhenAll(output, errors);
    }

    [Fact]
    public async Task Up_DashboardPortTaken_NamesItAndLeavesNothingRunning()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        var (exitCode, output) = await UpAsync("--port", $"{port}");
        Assert.NotEqual(0, exitCode);
        Assert.Contains($"Port {port} (--port) is taken", output, StringComparison.Ordinal);
        Assert.Empty(Leftovers.Find(State));
    }

    [Fact]
    public async Task Up_StateOfANewerRadar_IsRefused()
    {
        Directory.CreateDirectory(State.Path);
        State.WriteSystem(new SystemState { Layout = 2, Phase = SystemPhase.Down, Launcher = "", Mode = "simulate", Speed = "1", Services = [] });
        var (exitCode, output) = await UpAsync();
        Assert.NotEqual(0, exitCode);
        Assert.Contains("newer Radar", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Up_UnknownOption_NamesIt()
    {
        var (exitCode, output) = await UpAsync("--fast");
        Assert.NotEqual(0, exitCode);
        Assert.Contains("--fast", output, StringComparison.Ordinal);
        Assert.False(Directory.Exists(State.Path));
    }

    [Theory]
    [InlineData("--faults 999=1", "999=1")]
    [InlineData("--nonsense 1", "--nonsense")]
    [InlineData("--weight-limit few", "few")]
    public async Task Up_ExchangeOptionThatIsWrong_NamesItBeforeAnythingStarts(string options, string named)
    {
        var (exitCode, output) = await UpAsync("--exchange-options", options);
        Assert.NotEqual(0, exitCode);
        Assert.Contains("--exchange-options", output, StringComparison.Ordinal);
        Assert.Contains(named, output, StringComparison.Ordinal);
        Assert.False(Directory.Exists(State.Path));
    }

    private ServiceState Service(string name) => State.ReadSystem()!.Services.Single(service => service.Name == name);

    private Task<(int ExitCode, string Output)> UpAsync(params string[] arguments) =>
        EmbeddedProcess.RunAsync(["up", "--headless", "--simulate", "--state", State.Path, .. arguments]);
}
