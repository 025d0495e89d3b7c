using System.CommandLine;

namespace Radar.Scheduler.Cli;

/// <summary><c>radar workers</c>.</summary>
internal static class WorkersCommand
{
    public static Command Create() => Verb.Create("workers", "List the workers", [], async (_, system, token) =>
    {
        await using var database = system.Database();
        FleetTable.Write(await FleetTable.WorkersAsync(database, token));
        return 0;
    });
}

/// <summary><c>radar runs</c>.</summary>
internal static class RunsCommand
{
    public static Command Create() => Verb.Create("runs", "List the newest runs", [], async (_, system, token) =>
    {
        await using var database = system.Database();
        FleetTable.Write(await FleetTable.RunsAsync(database, token));
        return 0;
    });
}
