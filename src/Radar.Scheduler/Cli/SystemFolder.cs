using System.CommandLine;
using System.Net.Http.Headers;
using System.Text.Json;
using Npgsql;
using Radar.Market.Storage;

namespace Radar.Scheduler.Cli;

/// <summary>The state folder of a system, as <c>radar up</c> keeps it.</summary>
internal sealed class SystemFolder
{
    private SystemFolder(string path, JsonElement system, JsonElement secrets)
    {
        Path = path;
        System = system;
        Secrets = secrets;
    }

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>What <c>system.json</c> says.</summary>
    public JsonElement System { get; }

    /// <summary>What <c>secrets.json</c> says.</summary>
    public JsonElement Secrets { get; }

    /// <summary>starting, up, failed, stopping or down; dead when the launcher is gone without a word.</summary>
    public string Phase
    {
        get
        {
            var phase = System.GetProperty("phase").GetString()!;
            var alive = ProcessIdentity.Parse(System.GetProperty("launcher").GetString())?.IsAlive ?? false;
            return alive || phase is "down" or "failed" ? phase : "dead";
        }
    }

    /// <summary>simulate, replay, live, or environment where no launcher wrote the folder.</summary>
    public string Mode => System.GetProperty("mode").GetString()!;

    /// <summary>The option that every verb takes.</summary>
    public static Option<DirectoryInfo> Option { get; } = new("--state")
    {
        Description = "State folder; several systems live side by side in several",
        DefaultValueFactory = _ => new DirectoryInfo(DefaultPath()),
    };

    /// <summary>Opens the folder that was asked for; where none was and none is there, the system that the environment names.</summary>
    /// <exception cref="OperatorException">Nothing was ever started there.</exception>
    public static SystemFolder Open(ParseResult parse)
    {
        var path = parse.GetRequiredValue(Option).FullName;
        try
        {
            return new SystemFolder(path, Read(path, "system.json"), Read(path, "secrets.json"));
        }
        catch (Exception ex) when (ex is FileNotFoundException or DirectoryNotFoundException)
        {
            if (parse.GetResult(Option) is null or { Implicit: true }
                && EnvironmentSystem.Read(new ConfigurationBuilder().AddEnvironmentVariables().Build()) is var (folder, system, secrets))
            {
                return new SystemFolder(folder, system, secrets);
            }
            throw new OperatorException($"Nothing was started in {path}: start it with ./radar up, or name another folder with --state.");
        }
    }

    /// <summary>Connections to the system's database.</summary>
    public NpgsqlDataSource Database() => RadarDatabase.Create(Secrets.GetProperty("database").GetString()!, "command line", maxPoolSize: 3);

    /// <summary>Address of a service, or null.</summary>
    public string? Address(string service) => System.GetProperty("services").EnumerateArray()
        .Where(entry => entry.GetProperty("name").GetString() == service).Select(entry => entry.GetProperty("address").GetString()).FirstOrDefault();

    /// <summary>The scheduler's API, logged in.</summary>
    public HttpClient Api()
    {
        var http = new HttpClient { BaseAddress = new Uri(Address("scheduler") ?? throw Down()), Timeout = TimeSpan.FromSeconds(15) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Secrets.GetProperty("apiToken").GetString());
        return http;
    }

    /// <summary>The system does not answer.</summary>
    public OperatorException Down() => new($"The system in {Path} is {Phase}: start it with ./radar up (with the same options as before).");

    private static JsonElement Read(string folder, string file) =>
        JsonSerializer.Deserialize<JsonElement>(File.ReadAllBytes(global::System.IO.Path.Combine(folder, file)));

    private static string DefaultPath()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(global::System.IO.Path.Combine(folder.FullName, "Radar.sln")))
            {
                return global::System.IO.Path.Combine(folder.FullName, ".radar");
            }
        }
        return ".radar";
    }
}

/// <summary>What an operator asked for cannot be done; the message says why and what to do.</summary>
internal sealed class OperatorException(string message) : Exception(message);
