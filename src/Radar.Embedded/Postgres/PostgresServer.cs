using System.Globalization;
using System.Text;
using Npgsql;
using Radar.Embedded.Launch;
using Radar.Embedded.Processes;

namespace Radar.Embedded.Postgres;

/// <summary>What to run.</summary>
/// <param name="Folder">Where data, log and programs' links are kept.</param>
/// <param name="Port">Loopback port.</param>
/// <param name="Password">Password of user radar; set when the cluster is made.</param>
public sealed record PostgresSettings(string Folder, int Port, string Password)
{
    /// <summary>The database Radar lives in.</summary>
    public string Database { get; init; } = "radar";

    /// <summary>Server settings of one's own, e.g. <c>fsync=off</c> for tests.</summary>
    public IReadOnlyList<string> Options { get; init; } = [];
}

/// <summary>A PostgreSQL server of our own on loopback, from npm's binaries. It ends when this process does.</summary>
public sealed class PostgresServer : IAsyncDisposable
{
    /// <summary>Connections the server takes; docs/connections.md shares them out.</summary>
    public const int MaxConnections = 200;

    private static readonly TimeSpan StartDeadline = TimeSpan.FromSeconds(110);
    private static readonly TimeSpan StopDeadline = TimeSpan.FromSeconds(20);
    private readonly WatchedProcess _process;
    private readonly TimeProvider _time;

    private PostgresServer(WatchedProcess process, string connectionString, TimeProvider time)
    {
        _process = process;
        ConnectionString = connectionString;
        _time = time;
    }

    /// <summary>Connection string of the database, password included.</summary>
    public string ConnectionString { get; }

    /// <summary>Process id of the postmaster.</summary>
    public int Pid => _process.Pid;

    /// <summary>The connection string a server of these settings will have.</summary>
    public static string ConnectionStringOf(PostgresSettings settings) => new NpgsqlConnectionStringBuilder
    {
        Host = "127.0.0.1",
        Port = settings.Port,
        Username = "radar",
        Password = settings.Password,
        Database = settings.Database,
        Timezone = "UTC",
    }.ConnectionString;

    /// <summary>Makes the cluster if there is none, starts the server and waits until it answers a query.</summary>
    /// <exception cref="EmbeddedException">It does not start; the message ends with its log.</exception>
    public static async Task<PostgresServer> StartAsync(PostgresSettings settings, TimeProvider time, CancellationToken cancellationToken)
    {
        var home = await PostgresHome.PrepareAsync(settings.Folder, cancellationToken);
        if (!File.Exists(Path.Combine(home.Data, "PG_VERSION")))
        {
            await MakeClusterAsync(home, settings, cancellationToken);
        }

        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var timer = new CancellationTokenSource(StartDeadline, time);
        using var registration = timer.Token.Register(deadline.Cancel);
        try
        {
            await WaitForPredecessorAsync(home, time, deadline.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new EmbeddedException($"Another PostgreSQL runs on {home.Data} and does not stop: end it (its pid is the first line of postmaster.pid).");
        }
        var log = Path.Combine(home.Data, "server.log");
        var connectionString = ConnectionStringOf(settings);
        while (true)
        {
            var process = WatchedProcess.Start(home.User, "INT", log, [home.Program("postgres"), "-D", home.Data, .. Arguments(settings)]);
            process.KeepBounded(log, time);
            try
            {
                await WaitForAnswerAsync(process, connectionString, settings.Database, time, deadline.Token);
                return new PostgresServer(process, connectionString, time);
            }
            catch (Exception ex) when (ex is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
            {
                await process.StopAsync(StopDeadline, time);
                process.Dispose();
                if (!HasOrphans(log) || deadline.IsCancellationRequested)
                {
                    throw new EmbeddedException(
                        $"PostgreSQL on port {settings.Port} did not start: {ex.Message} The end of its log:\n{Tail(log)}", ex);
                }
            }
            await Task.Delay(TimeSpan.FromMilliseconds(100), time, cancellationToken);
        }
    }

    /// <summary>Removes what a stopped server of <paramref name="folder"/> kept, wherever it lies.</summary>
    public static void Erase(string folder)
    {
        if (new DirectoryInfo(folder).LinkTarget is not null)
        {
            Directory.Delete(folder);
        }
        foreach (var kept in (string[])[folder, PostgresHome.Elsewhere(folder)])
        {
            if (Directory.Exists(kept))
            {
                Directory.Delete(kept, recursive: true);
            }
        }
    }

    /// <summary>Ends when the server does.</summary>
    public Task WaitForExitAsync(CancellationToken cancellationToken) => _process.WaitForExitAsync(cancellationToken);

    /// <summary>Fast shutdown: open transactions are rolled back, everything committed is kept.</summary>
    public async ValueTask DisposeAsync()
    {
        await _process.StopAsync(StopDeadline, _time);
        _process.Dispose();
    }

    private static IEnumerable<string> Arguments(PostgresSettings settings)
    {
        string[] options =
        [
            "listen_addresses=127.0.0.1", string.Create(CultureInfo.InvariantCulture, $"port={settings.Port}"), "unix_socket_directories=",
            string.Create(CultureInfo.InvariantCulture, $"max_connections={MaxConnections}"), "shared_buffers=128MB", "timezone=UTC",
            "log_timezone=UTC", "wal_compression=on", "max_wal_size=2GB", "checkpoint_completion_target=0.9", "jit=off",
            "random_page_cost=1.1", .. settings.Options,
        ];
        return options.SelectMany(option => (string[])["-c", option]);
    }

    private static async Task MakeClusterAsync(PostgresHome home, PostgresSettings settings, CancellationToken cancellationToken)
    {
        var half = home.Data + ".half";
        await ServiceUser.RunAsync(home.User, ["rm", "-rf", half], cancellationToken);
        // The password must not stand on a command line: initdb reads it from a file that only its user may read.
        var passwordFile = Path.Combine(Path.GetDirectoryName(half)!, "password");
        File.Delete(passwordFile);
        try
        {
            await using (var stream = new FileStream(passwordFile, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            }))
            {
                await stream.WriteAsync(Encoding.UTF8.GetBytes(settings.Password + "\n"), cancellationToken);
            }
            if (home.User is { } user)
            {
                await ServiceUser.RunAsync(null, ["chown", $"{user.UserId}:{user.GroupId}", passwordFile], cancellationToken);
            }
            var (exitCode, output) = await ServiceUser.RunAsync(
                home.User,
                [home.Program("initdb"), "-D", half, "-U", "radar", "--auth=scram-sha-256", "--pwfile", passwordFile, "--encoding=UTF8",
                 "--locale=C", "--no-sync"],
                cancellationToken);
            if (exitCode != 0)
            {
                throw new EmbeddedException($"initdb could not make a cluster in {half}: {output.Trim()}");
            }
            Directory.Move(half, home.Data);
        }
        finally
        {
            File.Delete(passwordFile);
        }
    }

    // A host that was killed leaves a postmaster that is just stopping; starting beside it would only fail.
    private static async Task WaitForPredecessorAsync(PostgresHome home, TimeProvider time, CancellationToken cancellationToken)
    {
        var file = Path.Combine(home.Data, "postmaster.pid");
        var since = time.GetTimestamp();
        while (File.Exists(file)
            && int.TryParse(File.ReadLines(file).FirstOrDefault(), CultureInfo.InvariantCulture, out var pid)
            && IsPostgres(pid, home.Data))
        {
            if (time.GetElapsedTime(since) > StopDeadline)
            {
                // Its watcher is gone too. INT again is harmless, and QUIT would cost a recovery.
                Signals.Interrupt(pid);
                since = time.GetTimestamp();
            }
            await Task.Delay(TimeSpan.FromMilliseconds(50), time, cancellationToken);
        }
    }

    // A postmaster that was killed leaves children, which end as soon as they notice.
    private static bool HasOrphans(string log) =>
        File.ReadLines(log).TakeLast(2).Any(line => line.Contains("pre-existing shared memory block", StringComparison.Ordinal));

    private static bool IsPostgres(int pid, string data)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline").Contains(data, StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static async Task WaitForAnswerAsync(
        WatchedProcess process, string connectionString, string database, TimeProvider time, CancellationToken cancellationToken)
    {
        var maintenance = new NpgsqlConnectionStringBuilder(connectionString) { Database = "postgres", Pooling = false, Timeout = 5 };
        while (true)
        {
            if (process.HasExited)
            {
                throw new InvalidOperationException($"it ended with exit code {process.ExitCode}.");
            }
            try
            {
                await using var connection = new NpgsqlConnection(maintenance.ConnectionString);
                await connection.OpenAsync(cancellationToken);
                await using var find = new NpgsqlCommand("SELECT 1 FROM pg_database WHERE datname = $1", connection);
                find.Parameters.Add(new NpgsqlParameter<string> { TypedValue = database });
                if (await find.ExecuteScalarAsync(cancellationToken) is null)
                {
                    await using var create = new NpgsqlCommand(
                        $"CREATE DATABASE \"{database.Replace("\"", "\"\"", StringComparison.Ordinal)}\"", connection);
                    await create.ExecuteNonQueryAsync(cancellationToken);
                }
                return;
            }
            catch (NpgsqlException ex) when (ex is not PostgresException || ex.SqlState == PostgresErrorCodes.CannotConnectNow)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), time, cancellationToken);
            }
            catch (PostgresException ex) when (ex.SqlState == PostgresErrorCodes.InvalidPassword)
            {
                throw new InvalidOperationException(
                    "its password is not the one in secrets.json: restore that file, or begin anew with './radar down --erase'.", ex);
            }
        }
    }

    private static string Tail(string log) =>
        File.Exists(log) ? string.Join('\n', File.ReadLines(log).TakeLast(8)) : "(no log)";
}
