using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Npgsql;
using Xunit;

namespace Radar.Testing;

/// <summary>One system under test, driven as a person drives it: through <c>./radar</c>, with a state folder of its own.</summary>
public sealed class RadarSystem : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(8);
    private readonly Dictionary<string, string?> _environment = new(StringComparer.Ordinal);
    private NpgsqlDataSource? _database;

    /// <param name="name">Names the state folder, so that a left-over one tells whose it is.</param>
    public RadarSystem(string name)
    {
        State = Directory.CreateTempSubdirectory($"radar-{name}-").FullName;
        // The tests were built with the system: nothing is to be built again while they run.
        _environment["RADAR_SKIP_BUILD"] = "1";
    }

    /// <summary>The state folder.</summary>
    public string State { get; }

    /// <summary>A setting for everything started from here on.</summary>
    public RadarSystem With(string variable, string? value)
    {
        _environment[variable] = value;
        return this;
    }

    /// <summary><c>./radar up --headless ARGUMENTS</c>, which must succeed.</summary>
    public async Task UpAsync(params string[] arguments)
    {
        var result = await RunAsync(["up", "--headless", .. arguments]);
        Assert.True(result.ExitCode == 0, $"up ended with {result.ExitCode}:\n{result.Everything}\n{Logs()}");
    }

    /// <summary>Runs a verb of <c>./radar</c> to its end.</summary>
    public async Task<CommandResult> RunAsync(params string[] arguments)
    {
        if (arguments[0] is "up" or "down")
        {
            ForgetConnections(); // They lead to a server that goes, or went.
        }

        using var process = Start(arguments);
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        using var deadline = new CancellationTokenSource(Patience);
        try
        {
            await process.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: false);
            throw new TimeoutException($"'radar {string.Join(' ', arguments)}' did not end within {Patience}.\n{Logs()}");
        }

        return new CommandResult(process.ExitCode, await output, await errors);
    }

    /// <summary>Starts a verb and leaves it running.</summary>
    public Process Start(params string[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(SharedFolder.Repository, "radar"))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = SharedFolder.Repository,
        };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        start.ArgumentList.Add("--state");
        start.ArgumentList.Add(State);
        foreach (var (variable, value) in _environment)
        {
            start.Environment[variable] = value;
        }

        return Process.Start(start)!;
    }

    /// <summary>What <c>status --json</c> says.</summary>
    public async Task<JsonElement> StatusAsync()
    {
        var result = await RunAsync("status", "--json", "--secrets");
        using var document = JsonDocument.Parse(result.Output);
        return document.RootElement.Clone();
    }

    /// <summary>The system's PostgreSQL.</summary>
    public NpgsqlDataSource Database => _database ??= OpenDatabase();

    private NpgsqlDataSource OpenDatabase()
    {
        var connection = new NpgsqlConnectionStringBuilder(Secret("database"))
        {
            MaxPoolSize = 4,
            ApplicationName = "radar end-to-end tests",
        };
        return NpgsqlDataSource.Create(connection.ConnectionString);
    }

    /// <summary>One number from the database.</summary>
    public async Task<long> CountAsync(string sql)
    {
        await using var command = Database.CreateCommand(sql);
        return Convert.ToInt64(await command.ExecuteScalarAsync(), CultureInfo.InvariantCulture);
    }

    /// <summary>The same while the system starts or its PostgreSQL dies: 0 while there is no database, or no table in it, to ask.</summary>
    public async Task<long> AskAsync(string sql)
    {
        try
        {
            return File.Exists(Path.Combine(State, "secrets.json")) ? await CountAsync(sql) : 0;
        }
        catch (NpgsqlException)
        {
            return 0;
        }
    }

    /// <summary>Forgets connections to a server that died.</summary>
    public void ForgetConnections() => _database?.Clear();

    /// <summary>Pid of PostgreSQL's postmaster, or null while there is none.</summary>
    public int? PostgresPid()
    {
        try
        {
            return int.Parse(File.ReadLines(Path.Combine(State, "postgres", "data", "postmaster.pid")).First(), CultureInfo.InvariantCulture);
        }
        catch (Exception absent) when (absent is IOException or InvalidOperationException or FormatException)
        {
            return null; // It starts, or has just ended.
        }
    }

    /// <summary>A value of <c>secrets.json</c>.</summary>
    public string Secret(string name)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(State, "secrets.json")));
        return document.RootElement.GetProperty(name).GetString()!;
    }

    /// <summary>Pid of a worker's newest process.</summary>
    public async Task<int?> WorkerPidAsync(string worker)
    {
        await using var command = Database.CreateCommand("SELECT pid FROM radar.workers WHERE worker_id = $1 AND actual <> 'deleted'");
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = worker });
        return await command.ExecuteScalarAsync() is int pid ? pid : null;
    }

    /// <summary>Pid of a service that <c>up</c> supervises: postgres, kafka, exchange, scheduler, agent.</summary>
    public int ServicePid(string name)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(State, "system.json")));
        return document.RootElement.GetProperty("services").EnumerateArray()
            .Single(service => service.GetProperty("name").GetString() == name).GetProperty("pid").GetInt32();
    }

    /// <summary>Address of a service.</summary>
    public string ServiceAddress(string name)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(State, "system.json")));
        return document.RootElement.GetProperty("services").EnumerateArray()
            .Single(service => service.GetProperty("name").GetString() == name).GetProperty("address").GetString()!;
    }

    /// <summary><c>check</c> finds nothing.</summary>
    public async Task AssertCheckIsCleanAsync()
    {
        var check = await RunAsync("check");
        Assert.True(check.ExitCode == 0, $"check found something:\n{check.Everything}");
    }

    /// <summary>Every process whose environment names this state folder.</summary>
    public IReadOnlyList<string> Processes() =>
        [.. Directory.EnumerateDirectories("/proc").Where(path => int.TryParse(Path.GetFileName(path), out _))
            .Select(Describe).OfType<string>()];

    private string? Describe(string process)
    {
        try
        {
            var command = File.ReadAllText(Path.Combine(process, "cmdline")).Replace('\0', ' ');
            var environment = command.Contains(State, StringComparison.Ordinal) ? "" : File.ReadAllText(Path.Combine(process, "environ"));
            return command.Length > 0 && (command.Contains(State, StringComparison.Ordinal) || environment.Contains(State, StringComparison.Ordinal))
                ? $"{Path.GetFileName(process)} {command}"
                : null;
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            return null; // It ended while we looked, or is not ours.
        }
    }

    /// <summary>The last lines of every log, for a failure's message.</summary>
    public string Logs()
    {
        var text = new StringBuilder();
        var folder = Path.Combine(State, "logs");
        if (!Directory.Exists(folder))
        {
            return "(no logs)";
        }

        foreach (var log in Directory.EnumerateFiles(folder, "*.log", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"--- {Path.GetFileName(log)}");
            foreach (var line in File.ReadLines(log).TakeLast(15))
            {
                text.AppendLine(line);
            }
        }

        return text.ToString();
    }

    public async ValueTask DisposeAsync()
    {
        if (_database is not null)
        {
            await _database.DisposeAsync();
        }

        await RunAsync("down", "--erase");
        if (Directory.Exists(State))
        {
            Directory.Delete(State, recursive: true);
        }
    }
}

/// <summary>How a command ended and what it said.</summary>
public sealed record CommandResult(int ExitCode, string Output, string Errors)
{
    /// <summary>Both streams, for messages.</summary>
    public string Everything => Output + Errors;
}
