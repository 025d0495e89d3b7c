using System.Text.Json;

namespace Radar.Scheduler.Cli;

/// <summary>A system that <c>radar up</c> did not start: its environment says what a state folder would, as it does in a container.</summary>
internal static class EnvironmentSystem
{
    /// <summary>What <c>system.json</c> and <c>secrets.json</c> would say, and the folder that <c>logs/</c> and <c>data/</c> are in; null where no database is named.</summary>
    public static (string Path, JsonElement System, JsonElement Secrets)? Read(IConfiguration configuration)
    {
        if (Text(configuration, "Radar:Database", "DATABASE_URL") is not { } database)
        {
            return null;
        }
        (string Name, string? Address)[] services =
        [
            ("scheduler", Reachable(Text(configuration, "Radar:Scheduler:Urls"))),
            ("kafka", Text(configuration, "Radar:Kafka:BootstrapServers", "KAFKA_BROKER", "KAFKA_HOST")),
            ("exchange", Text(configuration, "Radar:Exchange:BaseUrl")),
        ];
        var own = ProcessIdentity.Own.ToString();
        var system = JsonSerializer.SerializeToElement(new
        {
            phase = "up",
            reason = (string?)null,
            launcher = own,
            mode = "environment",
            services = services.Where(service => service.Address is not null)
                .Select(service => new { name = service.Name, state = "elsewhere", pid = 0, process = own, address = service.Address, detail = "named by the environment", log = "" }),
        });
        var secrets = JsonSerializer.SerializeToElement(new
        {
            database,
            apiToken = Text(configuration, "Radar:Auth:ApiToken"),
            operatorPassword = Text(configuration, "Radar:Auth:OperatorPassword"),
        });
        return (Path.GetFullPath(Text(configuration, "Radar:Data:Directory") ?? "."), system, secrets);
    }

    // Where the scheduler of this host listens on every address, it answers on loopback.
    private static string Reachable(string? urls) =>
        (urls?.Split(';')[0] ?? "http://127.0.0.1:8321").Replace("//0.0.0.0", "//127.0.0.1", StringComparison.Ordinal).Replace("//[::]", "//[::1]", StringComparison.Ordinal);

    private static string? Text(IConfiguration configuration, params ReadOnlySpan<string> keys)
    {
        foreach (var key in keys)
        {
            if (configuration[key] is { } value && !string.IsNullOrWhiteSpace(value))
            {
                return value.Trim();
            }
        }
        return null;
    }
}
