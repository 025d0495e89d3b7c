using System.Diagnostics;
using System.Text.Json;
using Npgsql;

namespace Radar.Scheduler.Tests.Cli;

/// <summary>The operator's command line as a process, over a state folder that names a database.</summary>
internal sealed class OperatorProcess
{
    private readonly string _state = Directory.CreateTempSubdirectory("radar-cli-").FullName;

    public OperatorProcess(string server, NpgsqlDataSource database, string? kafka = null)
    {
        var connection = new NpgsqlConnectionStringBuilder(server)
        {
            Database = new NpgsqlConnectionStringBuilder(database.ConnectionString).Database,
        };
        Write("system.json", new { phase = "down", launcher = "nowhere 1 1", mode = "replay", speed = "max", services = kafka is null ? [] : new object[] { new { name = "kafka", state = "up", address = kafka } } });
        Write("secrets.json", new
        {
            database = connection.ConnectionString, databasePassword = "", operatorPassword = "correct horse", apiToken = "battery-staple-battery", ports = new { },
        });
    }

    /// <summary>Who is asked what a gap is; nobody unless set.</summary>
    public Uri Exchange { get; set; } = new("http://127.0.0.1:1");

    /// <summary>Coins that are captured.</summary>
    public string Symbols { get; set; } = "BTCUSDT";

    /// <summary>The state folder.</summary>
    public string State => _state;

    /// <summary>Runs a verb to its end.</summary>
    public async Task<(int Code, string Output, string Errors)> RunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (var argument in (string[])[Path.Combine(AppContext.BaseDirectory, "radar-scheduler.dll"), .. arguments, "--state", _state])
        {
            start.ArgumentList.Add(argument);
        }
        start.Environment["RADAR__EXCHANGE__BASEURL"] = Exchange.ToString();
        start.Environment["RADAR__MARKET__SYMBOLS"] = Symbols;
        using var process = Process.Start(start)!;
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(4));
        var output = process.StandardOutput.ReadToEndAsync(deadline.Token);
        var errors = process.StandardError.ReadToEndAsync(deadline.Token);
        try
        {
            await process.WaitForExitAsync(deadline.Token);
            return (process.ExitCode, await output, await errors);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
        }
    }

    /// <summary>Removes the state folder.</summary>
    public void Forget() => Directory.Delete(_state, recursive: true);

    private void Write(string name, object value) => File.WriteAllText(Path.Combine(_state, name), JsonSerializer.Serialize(value));
}
