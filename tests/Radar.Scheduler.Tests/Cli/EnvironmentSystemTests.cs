using System.Diagnostics;
using Npgsql;

namespace Radar.Scheduler.Tests.Cli;

/// <summary>The command line where no state folder is, as in a container.</summary>
public sealed class EnvironmentSystemTests(SchedulerFixture fixture) : IClassFixture<SchedulerFixture>, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("radar-nowhere-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Verbs_find_the_system_that_the_environment_names()
    {
        await fixture.AddWorkerAsync(new("BTCUSDT/tst/v3"));
        var workers = await RunAsync("workers");
        Assert.True(workers.Code == 0, workers.Errors);
        Assert.Contains("BTCUSDT/tst/v3", workers.Output, StringComparison.Ordinal);

        var asked = await RunAsync("pause", "BTCUSDT/tst/v3");
        Assert.True(asked.Code == 0, asked.Errors);
        Assert.Equal("pause", await fixture.ValueAsync<string>("SELECT desired FROM radar.workers WHERE worker_id = 'BTCUSDT/tst/v3'"));

        var status = await RunAsync("status");
        Assert.True(status.Code == 0, status.Errors + status.Output);
        Assert.Contains(fixture.Scheduler.Address.ToString().TrimEnd('/'), status.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Folder_that_was_named_is_not_replaced_by_the_environment()
    {
        var (code, _, errors) = await RunAsync("workers", "--state", _folder);
        Assert.Equal(1, code);
        Assert.Contains("Nothing was started", errors, StringComparison.Ordinal);
    }

    private async Task<(int Code, string Output, string Errors)> RunAsync(params string[] arguments)
    {
        // A copy elsewhere, because ours looks for the state folder of the clone that it is built in.
        var start = new ProcessStartInfo("dotnet", [Path.Combine(Program(), "radar-scheduler.dll"), .. arguments])
        {
            RedirectStandardError = true, RedirectStandardOutput = true, WorkingDirectory = _folder,
        };
        start.Environment["DATABASE_URL"] = new NpgsqlConnectionStringBuilder(fixture.Server)
        {
            Database = new NpgsqlConnectionStringBuilder(fixture.Database.ConnectionString).Database,
        }.ConnectionString;
        start.Environment["RADAR__SCHEDULER__URLS"] = fixture.Scheduler.Address.ToString().TrimEnd('/').Replace("127.0.0.1", "0.0.0.0", StringComparison.Ordinal);
        start.Environment["RADAR__AUTH__APITOKEN"] = SchedulerUnderTest.Token;
        using var process = Process.Start(start)!;
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        var output = process.StandardOutput.ReadToEndAsync(deadline.Token);
        var errors = process.StandardError.ReadToEndAsync(deadline.Token);
        await process.WaitForExitAsync(deadline.Token);
        return (process.ExitCode, await output, await errors);
    }

    private string Program()
    {
        var copy = Directory.CreateDirectory(Path.Combine(_folder, "program")).FullName;
        foreach (var file in Directory.EnumerateFiles(AppContext.BaseDirectory))
        {
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)), overwrite: true);
        }
        return copy;
    }
}
