using System.Text.Json;
using System.Text.Json.Serialization;

namespace Radar.Embedded.Launch;

/// <summary>Everything a system keeps: one folder, so that several systems live side by side.</summary>
internal sealed class StateFolder(string path)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>The folder.</summary>
    public string Path { get; } = System.IO.Path.GetFullPath(path);

    /// <summary>Held by the launcher for as long as it lives; see Radar.Market.Processes.Lifeline.</summary>
    public string Lock => In("up.lock");

    /// <summary>Where services write what they say.</summary>
    public string Logs => In("logs");

    private string SystemFile => In("system.json");

    private string SecretsFile => In("secrets.json");

    /// <summary>A path inside.</summary>
    public string In(params string[] parts) => System.IO.Path.Combine([Path, .. parts]);

    /// <summary>A service's log.</summary>
    public string Log(string service) => In("logs", service + ".log");

    /// <summary>What the last launcher wrote, or null when there was none.</summary>
    public SystemState? ReadSystem() => Read<SystemState>(SystemFile);

    /// <summary>Replaces what readers see, whole.</summary>
    public void WriteSystem(SystemState state) => Write(SystemFile, state);

    /// <summary>Whether a system was ever started here: what else would have made these?</summary>
    public bool IsRadars => File.Exists(SystemFile) || File.Exists(SecretsFile) || File.Exists(Lock);

    /// <summary>What to tell when the file system refused something.</summary>
    public string Refused(Exception problem) => problem is UnauthorizedAccessException
        ? $"{problem.Message} {Path} may be another user's: run this as that user, or name another folder with --state."
        : $"{problem.Message} (the state folder is {Path})";

    /// <summary>The secrets, or null when the system was never started.</summary>
    public Secrets? ReadSecrets() => Read<Secrets>(SecretsFile);

    /// <summary>Keeps the secrets where only their owner can read them.</summary>
    public void WriteSecrets(Secrets secrets) => Write(SecretsFile, secrets);

    private static T? Read<T>(string file)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize<T>(File.ReadAllBytes(file), Json);
        }
        catch (Exception ex) when (ex is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (JsonException ex)
        {
            throw new EmbeddedException($"{file} is damaged ({ex.Message}): remove it, or begin anew with './radar down --erase'.", ex);
        }
    }

    private static void Write<T>(string file, T value)
    {
        var half = file + ".half";
        using (var stream = new FileStream(half, new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        }))
        {
            JsonSerializer.Serialize(stream, value, Json);
        }
        File.Move(half, file, overwrite: true);
    }
}
