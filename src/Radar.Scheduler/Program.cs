using System.CommandLine;
using Radar.Scheduler.Cli;
using Radar.Scheduler.Cli.DeadLetters;
using Radar.Scheduler.Hosting;

var root = new RootCommand("Radar's scheduler and its operator's command line")
{
    ServeCommand.Create(),
    RunCommand.Create(),
    RunsCommand.Create(),
    StatusCommand.Create(),
    WorkersCommand.Create(),
    LogsCommand.Create(),
    ScaleCommand.Create(),
    DeadLettersCommand.Create(),
    ExportCommand.Create(),
    CheckCommand.Create(),
};
foreach (var steer in SteerCommands.Create())
{
    root.Add(steer);
}
// The host stops in its own time; the library would end the process after two seconds.
return await root.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
