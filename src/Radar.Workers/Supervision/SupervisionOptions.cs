using Radar.Workers.Hosting;

namespace Radar.Workers.Supervision;

/// <summary>How an agent keeps its workers.</summary>
internal sealed record SupervisionOptions
{
    /// <summary>The agent's name (Radar:Agent:Name). The default is the host's name.</summary>
    public string Name { get; init; } = Environment.MachineName;

    /// <summary>A living process whose heartbeat stands still for so long is killed (Radar:Agent:HungAfter, seconds). The default is 15 seconds.</summary>
    public TimeSpan HungAfter { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>The same for a process that has not had its first heartbeat (Radar:Agent:StartWithin, seconds). The default is 60 seconds.</summary>
    public TimeSpan StartWithin { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>A process that is not wanted any more gets SIGTERM after so long (Radar:Agent:TerminateAfter, seconds). The default is 10 seconds.</summary>
    public TimeSpan TerminateAfter { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>And SIGKILL so long after that (Radar:Agent:KillAfter, seconds). The default is 5 seconds.</summary>
    public TimeSpan KillAfter { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Restarts in a row before a worker has failed (Radar:Agent:MaxRestarts). The default is 6.</summary>
    public int MaxRestarts { get; init; } = 6;

    /// <summary>A worker that ran for so long begins its restarts anew (Radar:Agent:HealthyAfter, seconds). The default is 60 seconds.</summary>
    public TimeSpan HealthyAfter { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Delay before the first restart (Radar:Agent:FirstDelay, seconds); each further one is twice as long. The default is 1 second.</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest delay before a restart. It is 60 seconds.</summary>
    public TimeSpan LongestDelay { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Folder of logs (Radar:Logs:Directory); workers' are in <c>workers</c> below it. The default is <c>logs</c>.</summary>
    public string LogsDirectory { get; init; } = "logs";

    /// <summary>A log is moved aside when it is so large (Radar:Logs:MaxBytes). The default is 10 MiB.</summary>
    public int MaxLogBytes { get; init; } = 10 * 1024 * 1024;

    /// <summary>So many old logs are kept (Radar:Logs:Keep). The default is 5.</summary>
    public int KeptLogs { get; init; } = 5;

    public static SupervisionOptions Read(SettingsReader settings) => new()
    {
        Name = settings.Read("Radar:Agent:Name", Environment.MachineName, CheckName, "use a word of letters, digits, dots and dashes"),
        HungAfter = settings.Seconds("Radar:Agent:HungAfter", 15, 1, 3600),
        StartWithin = settings.Seconds("Radar:Agent:StartWithin", 60, 1, 3600),
        TerminateAfter = settings.Seconds("Radar:Agent:TerminateAfter", 10, 0, 3600),
        KillAfter = settings.Seconds("Radar:Agent:KillAfter", 5, 0, 3600),
        MaxRestarts = settings.Number("Radar:Agent:MaxRestarts", 6, 0, 1000),
        HealthyAfter = settings.Seconds("Radar:Agent:HealthyAfter", 60, 0, 86400),
        FirstDelay = settings.Seconds("Radar:Agent:FirstDelay", 1, 0, 60),
        LogsDirectory = settings.Text("Radar:Logs:Directory") ?? "logs",
        MaxLogBytes = settings.Number("Radar:Logs:MaxBytes", 10 * 1024 * 1024, 4096, int.MaxValue),
        KeptLogs = settings.Number("Radar:Logs:Keep", 5, 1, 100),
    };

    private static string CheckName(string name) =>
        name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_') ? name : throw new FormatException();
}
