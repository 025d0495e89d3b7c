using Radar.Embedded;
using Radar.Embedded.ClickHouse;
using Radar.Embedded.Launch;
using Radar.Embedded.Processes;
using Radar.Market.ClickHouse;
using Xunit;

namespace Radar.Testing;

/// <summary>
/// ClickHouse's engine behind its HTTP interface, in a process of its own that tests may kill, at one port and on one data folder for as
/// long as the fixture lives. Tests make databases of their own in it.
/// </summary>
public sealed class ClickHouseFixture : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private readonly string _folder = Directory.CreateTempSubdirectory("radar-clickhouse-").FullName;
    private readonly int _port = FreePort.Next();
    private WatchedProcess? _process;

    /// <summary>Settings of clients, with the address, which is the same after a restart.</summary>
    public ClickHouseOptions Options => new() { Url = new Uri($"http://127.0.0.1:{_port}"), User = "radar", Password = "open sesame" };

    /// <summary>Process id of the server.</summary>
    public int Pid => _process!.Pid;

    /// <summary>What the server has said so far.</summary>
    public string Log => File.Exists(LogFile) ? File.ReadAllText(LogFile) : "";

    private string LogFile => Path.Combine(_folder, "server.log");

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        Start();
        using var client = CreateClient();
        using var deadline = new CancellationTokenSource(Patience, TimeProvider.System);
        while (true)
        {
            if (_process!.HasExited)
            {
                throw new InvalidOperationException($"ClickHouse's engine ended with exit code {_process.ExitCode}:\n{Log}");
            }
            try
            {
                await client.PingAsync(deadline.Token);
                return;
            }
            catch (ClickHouseException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, deadline.Token);
            }
        }
    }

    /// <summary>A client of the server.</summary>
    public ClickHouseClient CreateClient() => new(Options, TimeProvider.System);

    /// <summary>A new, empty database.</summary>
    /// <returns>Its name.</returns>
    public async Task<string> CreateDatabaseAsync()
    {
        var name = $"test_{Guid.NewGuid():n}";
        using var client = CreateClient();
        await client.ExecuteAsync($"CREATE DATABASE {name}", CancellationToken.None);
        return name;
    }

    /// <summary>kill -9 of the server.</summary>
    public Task KillAsync() => EndAsync(Signals.Kill);

    /// <summary>SIGTERM to the server; returns when it is gone.</summary>
    /// <returns>Its exit code.</returns>
    public Task<int> StopAsync() => EndAsync(Signals.Terminate);

    /// <summary>The server again, on the data it had.</summary>
    public Task StartAgainAsync() => InitializeAsync();

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            await KillAsync();
        }
        _process?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    // Ends with this process, however it goes.
    private void Start() => _process = WatchedProcess.Start(
        null, "TERM", LogFile,
        "env", "--unset=RADAR_LIFELINE", $"{ClickHouseCommand.PasswordVariable}={Options.Password}",
        "dotnet", RepositoryRoot.Program("Radar.Embedded", "radar-embedded"),
        "clickhouse", "--state", _folder, "--port", $"{_port}", "--user", Options.User);

    private async Task<int> EndAsync(Func<int, bool> signal)
    {
        signal(Pid);
        await _process!.WaitForExitAsync(CancellationToken.None);
        return _process.ExitCode;
    }
}
