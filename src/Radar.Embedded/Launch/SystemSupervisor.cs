using System.Security.Cryptography;
using Radar.Embedded.Postgres;
using Radar.Embedded.Processes;

namespace Radar.Embedded.Launch;

/// <summary>One system from its first service to its last: brings it up, keeps it up, and takes it down in order.</summary>
internal sealed class SystemSupervisor(StateFolder state, UpPlan plan, Action<string> say, TimeProvider time) : IAsyncDisposable
{
    private const int MostStarts = 3;
    private static readonly TimeSpan ServiceDeadline = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan TriggerDeadline = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan KillFleetDeadline = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopDeadline = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LeftoverPatience = TimeSpan.FromSeconds(60);
    private readonly List<SupervisedService> _services = [];
    private readonly Lock _gate = new();
    private readonly Action<string> _say = BestEffort.Say(say);
    private Lifeline? _lifeline;
    private SystemDatabase? _database;
    private Secrets? _secrets;
    private SystemPhase _phase = SystemPhase.Starting;
    private string? _reason;
    private long? _startRun;

    /// <summary>Starts every service and asks for start-fleet.</summary>
    /// <exception cref="EmbeddedException">It cannot come up; what was started has been stopped again.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(state.Logs);
        _lifeline = Lifeline.Hold(state.Lock)
            ?? throw new EmbeddedException($"A system runs already in {state.Path}: see ./radar status, stop it with ./radar down, or use another --state.");
        var previous = state.ReadSystem();
        Refuse(previous);
        await Leftovers.WaitAsync(state, LeftoverPatience, time, cancellationToken);
        for (var again = MostStarts; !await TryStartAsync(mayFail: --again > 0, cancellationToken);)
        {
            _say("a port was taken by another program in the meantime: starting again with others");
        }
    }

    // False when it failed for want of a port that was free when it was chosen.
    private async Task<bool> TryStartAsync(bool mayFail, CancellationToken cancellationToken)
    {
        _secrets = MakeSecrets(state.ReadSecrets());
        state.WriteSecrets(_secrets);
        _database = new SystemDatabase(_secrets.Database);
        var plans = new ServicePlans(state, plan, _secrets, _database);
        Write();
        try
        {
            // These know nothing of one another.
            await Task.WhenAll(((ServicePlan?[])[plans.Postgres, plans.Kafka, plans.Exchange, plans.ClickHouse]).OfType<ServicePlan>()
                .Select(service => BeginAsync(service, cancellationToken)));
            await BeginAsync(plans.Scheduler, cancellationToken);
            await BeginAsync(plans.Agent, cancellationToken);
            await TriggerAsync(plans.Dashboard, cancellationToken);
        }
        catch (Exception ex) when (ex is EmbeddedException or OperationCanceledException)
        {
            _phase = SystemPhase.Failed;
            _reason = ex is EmbeddedException ? ex.Message : "It was stopped while it started.";
            await StopServicesAsync();
            if (mayFail && ex is EmbeddedException && IsAnyPortTaken(plans))
            {
                await ForgetServicesAsync();
                (_phase, _reason) = (SystemPhase.Starting, null);
                return false;
            }
            throw;
        }
        _phase = SystemPhase.Up;
        Write();
        return true;
    }

    // All of ours are stopped: whoever listens is another program.
    private bool IsAnyPortTaken(ServicePlans plans) => _services.Any(service =>
        plans.PortOf(service.Plan.Name) is { } port && port != plan.Port && !Ports.IsFree(port));

    private async Task ForgetServicesAsync()
    {
        lock (_gate)
        {
            _services.ForEach(service => service.Dispose());
            _services.Clear();
        }
        await _database!.DisposeAsync();
        _database = null;
    }

    /// <summary>Runs kill-fleet and stops the services, those that others lean on last.</summary>
    public async Task StopAsync()
    {
        _phase = SystemPhase.Stopping;
        Write();
        await KillFleetAsync();
        await StopServicesAsync();
        _phase = SystemPhase.Down;
        Write();
        _say("everything is stopped");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _services.ForEach(service => service.Dispose());
        if (_database is not null)
        {
            await _database.DisposeAsync();
        }
        _lifeline?.Dispose();
    }

    private void Refuse(SystemState? previous)
    {
        if (previous?.Layout > SystemState.CurrentLayout)
        {
            throw new EmbeddedException(
                $"{state.Path} was made by a newer Radar (layout {previous.Layout}, ours is {SystemState.CurrentLayout}): use that one, or another --state.");
        }
        var hasData = File.Exists(state.In("postgres", "data", "PG_VERSION"));
        if (previous is not null && hasData && (previous.Mode != plan.Mode || previous.Replay != plan.Replay))
        {
            throw new EmbeddedException(
                $"{state.Path} holds the candles of another source ({previous.Mode} {previous.Replay}): use another --state, or erase it with ./radar down --erase.");
        }
    }

    private Secrets MakeSecrets(Secrets? known)
    {
        var ports = Ports.Choose(
            ["postgres", "kafka", "exchange", "scheduler", .. plan.MarketCapture ? (string[])["clickhouse"] : []], known?.Ports ?? new Dictionary<string, int>(), plan.Port);
        var password = known?.DatabasePassword ?? Random(24);
        var database = PostgresServer.ConnectionStringOf(new PostgresSettings(state.In("postgres"), ports["postgres"], password));
        return new Secrets(database, password, known?.OperatorPassword ?? Random(12), known?.ApiToken ?? Random(32), ports)
        {
            WasShown = known?.WasShown ?? false,
            ClickHousePassword = known?.ClickHousePassword ?? (plan.MarketCapture ? Random(24) : null),
        };
    }

    private static string Random(int length) =>
        RandomNumberGenerator.GetString("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789", length);

    private async Task BeginAsync(ServicePlan service, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        var supervised = new SupervisedService(service, state.Log(service.Name), state.Lock, Write, time)
        {
            Say = _say,
            MayAnswer = () => Answer(service.LeansOn),
        };
        lock (_gate)
        {
            _services.Add(supervised);
        }
        await supervised.StartAsync(ServiceDeadline, cancellationToken);
        _say($"{service.Name,-10} {service.Address ?? "running"} ({time.GetElapsedTime(started).TotalSeconds:0.0} s){(service.Detail is { } detail ? ", " + detail : "")}");
    }

    private bool Answer(IReadOnlyList<string> names)
    {
        lock (_gate)
        {
            return _services.Where(service => names.Contains(service.Plan.Name)).All(service => service.Answers);
        }
    }

    private async Task TriggerAsync(string dashboard, CancellationToken cancellationToken)
    {
        using var api = new FleetApi(dashboard, _secrets!.ApiToken);
        var started = time.GetTimestamp();
        while ((_startRun = await api.TriggerAsync("start-fleet", cancellationToken)) is null)
        {
            if (time.GetElapsedTime(started) > TriggerDeadline)
            {
                throw new EmbeddedException($"The scheduler at {dashboard} did not take start-fleet within {TriggerDeadline.TotalSeconds:0} s; see {state.Log("scheduler")}.");
            }
            await Task.Delay(TimeSpan.FromMilliseconds(200), time, cancellationToken);
        }
    }

    private async Task KillFleetAsync()
    {
        using var deadline = new CancellationTokenSource(KillFleetDeadline, time);
        try
        {
            var address = _services.First(service => service.Plan.Name == "scheduler").Plan.Address!;
            using var api = new FleetApi(address, _secrets!.ApiToken);
            if (await api.TriggerAsync("kill-fleet", deadline.Token) is { } run)
            {
                _say($"kill-fleet (run {run})");
                await RunFollower.WaitAsync(_database!, run, time, deadline.Token);
            }
            else
            {
                _say("the scheduler does not answer: the agent stops the workers itself");
            }
        }
        catch (Exception ex) when (ex is EmbeddedException or OperationCanceledException)
        {
            _say($"kill-fleet did not end in order ({ex.Message}): the agent stops the workers itself");
        }
    }

    private async Task StopServicesAsync()
    {
        foreach (var name in (string[])["agent", "scheduler", "exchange", "kafka", "clickhouse", "postgres"])
        {
            if (_services.FirstOrDefault(service => service.Plan.Name == name) is { } service)
            {
                await service.StopAsync(StopDeadline);
            }
        }
        Write();
    }

    private void Write()
    {
        lock (_gate)
        {
            try
            {
                state.WriteSystem(Now());
            }
            catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
            {
                _say($"system.json cannot be written ({ex.Message}): readers see an older state"); // Supervision goes on.
            }
        }
    }

    private SystemState Now() => new()
    {
        Phase = _phase,
        Reason = _reason,
        Launcher = ProcessIdentity.Own.ToString(),
        Mode = plan.Mode,
        Replay = plan.Replay,
        From = plan.From,
        To = plan.To,
        HistoryUntil = plan.HistoryUntil,
        Speed = plan.Speed.ToString(),
        StartRun = _startRun,
        Services = [.. _services.Select(service => service.State)],
    };
}
