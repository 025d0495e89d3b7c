using System.Globalization;
using Npgsql;
using Radar.Embedded.Launch;
using Radar.Embedded.Postgres;

namespace Radar.Embedded.Tests.Postgres;

public sealed class PostgresServerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly PostgresSettings _settings;

    public PostgresServerTests() => _settings = new PostgresSettings(_folder.In("postgres"), FreePort.Next(), "tests' own password");

    private static CancellationToken None => CancellationToken.None;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Start_KilledByMinusNine_StartsAgainWithWhatWasCommitted()
    {
        await using (var server = await PostgresServer.StartAsync(_settings, TimeProvider.System, None))
        {
            await ScalarAsync(server.ConnectionString, "CREATE TABLE kept (n int); INSERT INTO kept SELECT generate_series(1, 1000)");
            Signals.Kill(server.Pid);
            await server.WaitForExitAsync(None);
        }
        Assert.True(File.Exists(_folder.In("postgres", "data", "postmaster.pid")), "kill -9 leaves the pid file that a start must get over");

        int pid;
        await using (var again = await PostgresServer.StartAsync(_settings, TimeProvider.System, None))
        {
            pid = again.Pid;
            Assert.Equal(1000L, await ScalarAsync(again.ConnectionString, "SELECT count(*) FROM kept"));
        }
        Assert.Null(ProcessIdentity.Find(pid));
        Assert.False(File.Exists(_folder.In("postgres", "data", "postmaster.pid")), "stopped in order");
    }

    [Fact]
    public async Task Start_FolderThatOnlyItsOwnerMayEnter_RunsAsAUserWhoIsNotRoot()
    {
        Assert.Equal("700", Convert.ToString((int)File.GetUnixFileMode(_folder.Path), 8));
        await using var server = await PostgresServer.StartAsync(_settings, TimeProvider.System, None);
        var user = File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{server.Pid}/status"))
            .First(line => line.StartsWith("Uid:", StringComparison.Ordinal)).Split('\t')[2];
        Assert.NotEqual("0", user);
        Assert.Equal(1, await ScalarAsync(server.ConnectionString, "SELECT 1"));
    }

    [Fact]
    public async Task Start_AsSet_IsDurableOnLoopbackAndAsksForThePassword()
    {
        await using var server = await PostgresServer.StartAsync(_settings, TimeProvider.System, None);
        foreach (var (setting, value) in new[]
        {
            ("listen_addresses", "127.0.0.1"), ("max_connections", "200"), ("fsync", "on"), ("synchronous_commit", "on"),
            ("password_encryption", "scram-sha-256"), ("TimeZone", "UTC"),
        })
        {
            Assert.Equal(value, await ScalarAsync(server.ConnectionString, $"SHOW {setting}"));
        }
        var wrong = new NpgsqlConnectionStringBuilder(server.ConnectionString) { Password = "another", Pooling = false }.ConnectionString;
        Assert.Equal(PostgresErrorCodes.InvalidPassword, (await Assert.ThrowsAsync<PostgresException>(() => ScalarAsync(wrong, "SELECT 1"))).SqlState);
    }

    [Fact]
    public async Task Start_PortTaken_NamesThePort()
    {
        using var taken = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, _settings.Port);
        taken.Start();
        var problem = await Assert.ThrowsAsync<EmbeddedException>(() => PostgresServer.StartAsync(_settings, TimeProvider.System, None));
        Assert.Contains(_settings.Port.ToString(CultureInfo.InvariantCulture), problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_PasswordOfAnotherSecretsFile_SaysSo()
    {
        await (await PostgresServer.StartAsync(_settings, TimeProvider.System, None)).DisposeAsync();
        var problem = await Assert.ThrowsAsync<EmbeddedException>(
            () => PostgresServer.StartAsync(_settings with { Password = "another" }, TimeProvider.System, None));
        Assert.Contains("secrets.json", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task HostProcess_KilledByMinusNine_LeavesNoPostgres()
    {
        var arguments = new[] { "postgres", "--state", _folder.Path, "--port", _settings.Port.ToString(CultureInfo.InvariantCulture) };
        var environment = new Dictionary<string, string?> { [PostgresCommand.PasswordVariable] = _settings.Password };
        using var host = EmbeddedProcess.Start(environment, arguments);
        var pidFile = _folder.In("postgres", "data", "postmaster.pid");
        await Eventually.TrueAsync(() => File.Exists(pidFile) && File.ReadLines(pidFile).LastOrDefault()?.Trim() == "ready", Patience.Long, "PostgreSQL to be ready");
        var postgres = int.Parse(File.ReadLines(pidFile).First(), CultureInfo.InvariantCulture);
        await host.KillAsync();
        await Eventually.TrueAsync(() => ProcessIdentity.Find(postgres) is null, Patience.Long, "PostgreSQL to follow its host");
    }

    private static async Task<object?> ScalarAsync(string connectionString, string sql)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var command = source.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }

}
