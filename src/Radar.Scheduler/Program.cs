using System.CommandLine;
using Radar.Scheduler.Hosting;

var root = new RootCommand("Radar's scheduler and its operator's command line")
{
    ServeCommand.Create(),
};
// The host stops in its own time; the library would end the process after two seconds.
return await root.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
