using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Radar.Scheduler.Tests.Hosting;

/// <summary>The program as it is started.</summary>
public sealed class ServeTests(SchedulerFixture fixture) : IClassFixture<SchedulerFixture>
{
    [Fact]
    public async Task Serve_on_a_taken_port_names_it_and_the_setting()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var url = $"http://127.0.0.1:{((IPEndPoint)taken.LocalEndpoint).Port}";
        var (code, errors) = await ServeAsync(("RADAR__DATABASE", fixture.Database.ConnectionString + ";Password=" + Password()), ("RADAR__SCHEDULER__URLS", url), ("RADAR__JOBS__NODE", "second"));
        Assert.Equal(1, code);
        Assert.Contains(url, errors, StringComparison.Ordinal);
        Assert.Contains("Radar:Scheduler:Urls", errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "Radar:Database is not set")]
    [InlineData("nonsense", "Radar:Database")]
    public async Task Serve_without_a_database_setting_says_so(string setting, string words)
    {
        var (code, errors) = await ServeAsync(("RADAR__DATABASE", setting), ("RADAR__SCHEDULER__URLS", "http://127.0.0.1:0"));
        Assert.Equal(1, code);
        Assert.Contains(words, errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("RADAR__ENGINE", "Sidekiq", "Radar:Engine is 'Sidekiq'")]
    [InlineData("RADAR__MARKET__SYMBOLS", "btcusdt", "Radar:Market:Symbols has 'btcusdt'")]
    [InlineData("RADAR__AUTH__APITOKEN", "short", "Radar:Auth:ApiToken is shorter than 16")]
    public async Task Serve_with_a_wrong_setting_names_it(string variable, string value, string words)
    {
        var (code, errors) = await ServeAsync(
            ("RADAR__DATABASE", "Host=127.0.0.1;Port=1;Username=radar;Database=radar"), ("RADAR__SCHEDULER__URLS", "http://127.0.0.1:0"), (variable, value));
        Assert.Equal(1, code);
        Assert.Contains(words, errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Serve_without_PostgreSQL_names_where_it_looked()
    {
        var (code, errors) = await ServeAsync(
            ("RADAR__DATABASE", "Host=127.0.0.1;Port=1;Username=radar;Database=radar"), ("RADAR__SCHEDULER__URLS", "http://127.0.0.1:0"),
            ("RADAR__SCHEDULER__DATABASEDEADLINE", "2"));
        Assert.Equal(1, code);
        Assert.Contains("127.0.0.1:1", errors, StringComparison.Ordinal);
    }

    private string Password() => new Npgsql.NpgsqlConnectionStringBuilder(fixture.Server).Password ?? "";

    private static async Task<(int Code, string Errors)> ServeAsync(params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardError = true, RedirectStandardOutput = true };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "radar-scheduler.dll"));
        start.ArgumentList.Add("serve");
        start.Environment.Remove("DATABASE_URL");
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value.Length == 0 ? null : value;
        }
        using var process = Process.Start(start)!;
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        var output = process.StandardOutput.ReadToEndAsync(deadline.Token);
        var errors = process.StandardError.ReadToEndAsync(deadline.Token);
        try
        {
            await process.WaitForExitAsync(deadline.Token);
            return (process.ExitCode, await errors + await output);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
        }
    }
}
