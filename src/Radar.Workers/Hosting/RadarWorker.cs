using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Radar.Jobs.Fleet;
using Radar.Jobs.Logging;
using Radar.Market.Storage;
using Radar.Workers.Supervision;

namespace Radar.Workers.Hosting;

/// <summary>One process of <c>radar-worker</c>: reads what it is told, and becomes that.</summary>
internal static partial class RadarWorker
{
    private const int AgentConnections = 4;
    private static readonly TimeSpan AgentsTurn = TimeSpan.FromSeconds(20);

    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        if (args is [] or ["help" or "--help" or "-h", ..] || args.Contains("--help"))
        {
            Console.WriteLine(WorkerArguments.Help);
            return args is [] ? ExitCodes.Usage : ExitCodes.Done;
        }
        try
        {
            using var shutdown = new Shutdown();
            var configuration = new ConfigurationBuilder().AddEnvironmentVariables().Build();
            var settings = new SettingsReader(configuration);
            if (args[0] is TableVerbs.Setup or TableVerbs.Drop)
            {
                return await TableVerbs.RunAsync(args, settings, Console.IsInputRedirected ? null : Console.In, shutdown.Requested).ConfigureAwait(false);
            }
            var arguments = WorkerArguments.Parse(args);
            return arguments.Verb switch
            {
                "agent" => await SuperviseAsync(arguments, settings, shutdown).ConfigureAwait(false),
                var kind when !WorkerCatalogue.Kinds.Contains(kind) => throw new ArgumentException(
                    $"'{kind}' is not a verb; choose agent, {string.Join(", ", WorkerCatalogue.Kinds)}, {TableVerbs.Setup} or {TableVerbs.Drop}."),
                var kind when IsAlone(arguments, settings) && WorkerCatalogue.GuaranteeAlone(kind) is { } guarantee =>
                    await WorkAloneAsync(arguments, guarantee, settings, shutdown).ConfigureAwait(false),
                _ => await WorkAsync(arguments, settings, shutdown).ConfigureAwait(false),
            };
        }
        catch (SettingsException wrong)
        {
            await Console.Error.WriteLineAsync(wrong.Message).ConfigureAwait(false);
            return ExitCodes.Misconfigured;
        }
        catch (ArgumentException wrong)
        {
            await Console.Error.WriteLineAsync(wrong.Message).ConfigureAwait(false);
            return ExitCodes.Usage;
        }
    }

    private static async Task<int> SuperviseAsync(WorkerArguments arguments, SettingsReader settings, Shutdown shutdown)
    {
        var options = SupervisionOptions.Read(settings);
        var lease = LeaseOptions.Read(settings);
        var connection = Connection(settings);
        var level = LogLevels.Read(settings);
        settings.ThrowIfWrong();
        using var loggers = LoggerFactory.Create(logging => logging.AddRadarConsole($"agent_{options.Name}").SetMinimumLevel(level));
        await using var database = RadarDatabase.Create(connection, SessionName.Of($"agent/{options.Name}"), AgentConnections);
        await using var listener = new FleetListener(database, TimeProvider.System, loggers.CreateLogger<FleetListener>());
        WatchLauncher(shutdown, TimeSpan.Zero);
        return await new Agent(options, lease, database, listener, TimeProvider.System, loggers)
            .RunAsync(() => arguments.StopWorkers || shutdown.LauncherIsGone, shutdown.Requested).ConfigureAwait(false);
    }

    private static bool IsAlone(WorkerArguments arguments, SettingsReader settings) =>
        arguments.Agent is null && !arguments.Register && settings.Text("Radar:Database") is null && settings.Text("DATABASE_URL") is null;

    private static async Task<int> WorkAloneAsync(WorkerArguments arguments, string guarantee, SettingsReader settings, Shutdown shutdown)
    {
        var id = arguments.Worker!.Value;
        var create = WorkerCatalogue.Prepare(arguments.Verb, id, settings);
        var level = LogLevels.Read(settings);
        settings.ThrowIfWrong();
        using var loggers = LoggerFactory.Create(logging => logging.AddRadarConsole(id.FileName).SetMinimumLevel(level));
        WatchLauncher(shutdown, TimeSpan.Zero);
        return await new ManualRun(id, TimeProvider.System, loggers.CreateLogger<ManualRun>())
            .RunAsync(create, guarantee, loggers, shutdown.Requested).ConfigureAwait(false);
    }

    private static async Task<int> WorkAsync(WorkerArguments arguments, SettingsReader settings, Shutdown shutdown)
    {
        var id = arguments.Worker!.Value;
        var lease = LeaseOptions.Read(settings);
        var connection = Connection(settings);
        var create = WorkerCatalogue.Prepare(arguments.Verb, id, settings);
        var level = LogLevels.Read(settings);
        settings.ThrowIfWrong();
        using var loggers = LoggerFactory.Create(logging => logging.AddRadarConsole(id.FileName).SetMinimumLevel(level));
        await using var database = RadarDatabase.Create(connection, SessionName.Of(id.Value), WorkerCatalogue.Connections(arguments.Verb, settings));
        await using var listener = new FleetListener(database, TimeProvider.System, loggers.CreateLogger<FleetListener>());
        if (arguments.Register)
        {
            await FleetRegistration.Create(database, listener, TimeProvider.System)
                .StartAsync(new WorkerSpec(id, arguments.Verb, new Dictionary<string, string>()), "by hand", shutdown.Requested).ConfigureAwait(false);
        }
        WatchLauncher(shutdown, AgentsTurn);
        using var host = new WorkerHost(id, arguments.Agent is not null, lease, database, listener, TimeProvider.System, loggers);
        return await host.RunAsync(create, shutdown.Requested).ConfigureAwait(false);
    }

    // Under an agent the agent stops its workers in order; should it be gone as well, they end by themselves.
    private static void WatchLauncher(Shutdown shutdown, TimeSpan delay) => Lifeline.Watch(() => shutdown.LoseLauncher(delay));

    /// <summary>The database of an agent and its workers.</summary>
    internal static string Connection(SettingsReader settings) => settings.Needed("Radar:Database", DatabaseExample, "DATABASE_URL");

    private const string DatabaseExample = "'Host=127.0.0.1;Port=5432;Username=radar;Password=...;Database=radar'";
}
