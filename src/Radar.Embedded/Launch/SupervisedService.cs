using System.ComponentModel;
using System.Diagnostics;
using Radar.Embedded.Processes;

namespace Radar.Embedded.Launch;

/// <summary>One service kept alive: started, watched, and started again with growing pauses when it ends by itself or no longer answers.</summary>
internal sealed class SupervisedService(ServicePlan plan, string log, string lifeline, Action changed, TimeProvider time) : IDisposable
{
    private const string Script = """
        log=$1
        shift
        exec "$@" </dev/null >>"$log" 2>&1
        """;

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Healthy = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan ProbePatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(45); // PostgreSQL's program gives its server 20.
    private readonly CancellationTokenSource _stop = new();
    private volatile Started? _started;
    private Process? _process;
    private Task _watching = Task.CompletedTask;
    private string _state = "starting";
    private int _restarts;
    private volatile bool _begun;
    private volatile bool _answers;
    private long _logBegins;
    private volatile string _words = "";

    /// <summary>Told what is done to it, in a sentence.</summary>
    public Action<string> Say { get; init; } = _ => { };

    /// <summary>Whether the services it leans on answer, so that its own silence means something.</summary>
    public Func<bool> MayAnswer { get; init; } = () => true;

    /// <summary>How often it is looked at. The default is 10 seconds.</summary>
    public TimeSpan CheckEvery { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long it may live without answering. The default is 2 minutes: longer than any service takes to start.</summary>
    public TimeSpan HungAfter { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Whether it answered when it was last looked at.</summary>
    public bool Answers
    {
        get => _answers;
        private set => _answers = value;
    }

    /// <summary>The plan.</summary>
    public ServicePlan Plan => plan;

    /// <summary>What system.json shows.</summary>
    public ServiceState State
    {
        get
        {
            var started = _started;
            return new ServiceState(plan.Name, _state, started?.Pid ?? 0, started?.Identity, plan.Address, plan.Detail, log, _restarts);
        }
    }

    /// <summary>Starts it and waits until it answers.</summary>
    /// <exception cref="EmbeddedException">It keeps ending, or does not answer in time; the message ends with its log.</exception>
    public async Task StartAsync(TimeSpan deadline, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        try
        {
            Launch();
        }
        catch (Exception problem) when (problem is Win32Exception or IOException)
        {
            throw new EmbeddedException($"Service {plan.Name} could not be started: {problem.Message}", problem);
        }
        _watching = WatchAsync();
        while (!await plan.AnswersAsync(cancellationToken))
        {
            if (_restarts >= 3)
            {
                throw new EmbeddedException($"Service {plan.Name} keeps ending. Its last words in {log}:\n{_words}");
            }
            if (time.GetElapsedTime(started) > deadline)
            {
                throw new EmbeddedException($"Service {plan.Name} did not answer within {deadline.TotalSeconds:0} s. Its last words in {log}:\n{Words()}");
            }
            await Task.Delay(Look, time, cancellationToken);
        }
        _begun = Answers = true;
        _state = "running";
        Changed();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stop.Dispose();
        _process?.Dispose();
    }

    /// <summary>SIGTERM, a wait, and SIGKILL when the deadline passes.</summary>
    public async Task StopAsync(TimeSpan deadline)
    {
        await _stop.CancelAsync();
        await _watching;
        if (_process is { HasExited: false } process)
        {
            await EndAsync(process, deadline, CancellationToken.None);
        }
        _started = null;
        _state = "stopped";
        Changed();
    }

    private void Launch()
    {
        var start = new ProcessStartInfo("setsid");
        foreach (var argument in (string[])["sh", "-c", Script, "sh", log, .. plan.Command])
        {
            start.ArgumentList.Add(argument);
        }
        foreach (var (variable, value) in plan.Environment)
        {
            start.Environment[variable] = value;
        }
        start.Environment[Lifeline.Variable] = lifeline;
        _process?.Dispose();
        _process = null;
        _logBegins = LogFile.Length(log);
        _process = Process.Start(start)!;
        // Read by others while we go on to the next process: a value of its own, not the Process.
        _started = new Started(_process.Id, ProcessIdentity.Find(_process.Id)?.ToString());
        Changed();
    }

    private async Task WatchAsync()
    {
        var pause = FirstPause;
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var since = time.GetTimestamp();
                await WaitForEndAsync();
                pause = time.GetElapsedTime(since) > Healthy ? FirstPause : pause * 2 < LongestPause ? pause * 2 : LongestPause;
                _words = Words();
                _started = null;
                Answers = false;
                _state = "backoff";
                Changed();
                await PauseAsync(pause);
                _restarts++;
                _state = "running";
                Launch();
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return; // We were told to stop it.
            }
            catch (Exception problem)
            {
                // A full disk, or no process to be had: nobody but us would ever start it again.
                _state = _started is null ? "backoff" : _state;
                Tell($"{plan.Name} could not be looked after or started ({problem.Message}): tried again");
                await Task.WhenAny(PauseAsync(pause));
            }
        }
    }

    private Task PauseAsync(TimeSpan pause) => Task.Delay(pause * (0.75 + (Random.Shared.NextDouble() / 2)), time, _stop.Token);

    private void Changed() => BestEffort.Do(changed);

    private void Tell(string line) => BestEffort.Do(() => Say(line));

    // A process that lives and does not answer is as good as dead, and would never be started again by itself.
    private async Task WaitForEndAsync()
    {
        if (_process is not { } process)
        {
            return; // The last attempt to start it failed.
        }
        var ended = process.WaitForExitAsync(_stop.Token);
        var answered = time.GetTimestamp();
        while (await Task.WhenAny(ended, Task.Delay(CheckEvery, time, _stop.Token)) != ended)
        {
            _stop.Token.ThrowIfCancellationRequested();
            LogFile.TryBound(log);
            Answers = await ProbeAsync(_stop.Token);
            if (Answers || !MayAnswer())
            {
                answered = time.GetTimestamp();
            }
            else if (_begun && time.GetElapsedTime(answered) > HungAfter)
            {
                Tell($"{plan.Name} lives and has not answered for {HungAfter.TotalSeconds:0} s: it is ended and started again");
                await EndAsync(process, EndPatience, _stop.Token);
            }
        }
        await ended;
    }

    private async Task<bool> ProbeAsync(CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(ProbePatience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            return await plan.AnswersAsync(either.Token);
        }
        catch (Exception) when (!cancellationToken.IsCancellationRequested)
        {
            return false; // Not in time, or it could not even be asked.
        }
    }

    // SIGTERM, a wait, and SIGKILL when the deadline passes.
    private async Task EndAsync(Process process, TimeSpan deadline, CancellationToken cancellationToken)
    {
        Signals.Terminate(process.Id);
        using var patience = new CancellationTokenSource(deadline, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            await process.WaitForExitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            process.Kill();
            await process.WaitForExitAsync(cancellationToken);
        }
    }

    // What its newest process wrote at last.
    private string Words()
    {
        try
        {
            return LogFile.Tail(log, _logBegins, 12) is { Length: > 0 } words ? words : "(nothing)";
        }
        catch (IOException problem)
        {
            return $"(its log cannot be read: {problem.Message})";
        }
    }

    private sealed record Started(int Pid, string? Identity);
}
