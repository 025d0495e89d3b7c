using System.Globalization;
using Radar.Jobs.Engine;
using Radar.Market;
using Radar.Market.Storage;

namespace Radar.Scheduler.Hosting;

/// <summary>Holds the scheduler's settings against what it can work with, before anything starts.</summary>
internal static class SchedulerSettings
{
    /// <summary>Where it is to listen.</summary>
    public static string Urls(IConfiguration configuration) => configuration["Radar:Scheduler:Urls"] ?? "http://127.0.0.1:8321";

    /// <summary>Everything that is wrong, a sentence each; none when all is well.</summary>
    /// <param name="configuration">Everything under <c>Radar</c>.</param>
    /// <param name="urls">Where it is to listen.</param>
    public static IReadOnlyList<string> Problems(IConfiguration configuration, string urls)
    {
        var problems = new List<string>();
        foreach (var url in urls.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (!Uri.TryCreate(url, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
            {
                problems.Add($"Radar:Scheduler:Urls has '{url}', which is no address: write it as http://127.0.0.1:8321.");
            }
        }
        Database(configuration["Radar:Database"] ?? configuration["DATABASE_URL"], problems);
        problems.AddRange((configuration["Radar:Market:Symbols"] ?? "BTCUSDT").Split(',', StringSplitOptions.TrimEntries)
            .Where(symbol => !Symbol.IsValid(symbol))
            .Select(symbol => $"Radar:Market:Symbols has '{symbol}': use 2 to 20 capital letters and digits, such as BTCUSDT, with commas between."));
        Engine(configuration["Radar:Engine"], problems);
        Shortest(configuration, "Radar:Auth:OperatorPassword", 8, "give a longer one, or leave it out and one is made", problems);
        Shortest(configuration, "Radar:Auth:ApiToken", 16, "give a longer one, such as 'openssl rand -hex 32' prints", problems);
        if (configuration[Deadline] is { Length: > 0 } seconds && DatabaseDeadline(configuration) is null)
        {
            problems.Add($"{Deadline} is '{seconds}': use whole seconds from 1 to 86400.");
        }
        return problems;
    }

    /// <summary>How long to wait for PostgreSQL at start; null where it is not set, or not a number of seconds.</summary>
    public static TimeSpan? DatabaseDeadline(IConfiguration configuration) =>
        int.TryParse(configuration[Deadline], NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds is >= 1 and <= 86_400
            ? TimeSpan.FromSeconds(seconds)
            : null;

    private const string Deadline = "Radar:Scheduler:DatabaseDeadline";

    private static void Engine(string? asked, List<string> problems)
    {
        try
        {
            _ = string.IsNullOrEmpty(asked) ? null : EnginePackages.Choose(asked, null);
        }
        catch (OtherEngineException absent)
        {
            problems.Add(absent.Message);
        }
    }

    private static void Database(string? setting, List<string> problems)
    {
        if (string.IsNullOrWhiteSpace(setting))
        {
            problems.Add("Radar:Database is not set: give a connection, e.g. RADAR__DATABASE='Host=127.0.0.1;Port=5432;Username=radar;Password=...;Database=radar'.");
            return;
        }
        try
        {
            _ = RadarDatabase.Parse(setting);
        }
        catch (ArgumentException malformed)
        {
            problems.Add(malformed.Message);
        }
    }

    private static void Shortest(IConfiguration configuration, string key, int length, string fix, List<string> problems)
    {
        if (configuration[key] is { Length: > 0 } secret && secret.Length < length)
        {
            problems.Add($"{key} is shorter than {length} characters: {fix}.");
        }
    }
}
