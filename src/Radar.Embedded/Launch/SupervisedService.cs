using System.Diagnostics;

namespace Radar.Embedded.Launch;

/// <summary>One service kept alive: started, watched, and started again with growing pauses when it ends by itself.</summary>
internal sealed class SupervisedService(ServicePlan plan, string log, string lifeline, Action changed, TimeProvider time) : IDisposable
{
    private const string Script = """
        log=$1
        shift
        exec "$@" </dev/null >>"$log" 2>&1
        """;

    private const long LogBytes = 20_000_000;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Healthy = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(200);
    private readonly CancellationTokenSource _stop = new();
    private volatile Started? _started;
    private Process? _process;
    private Task _watching = Task.CompletedTask;
    private string _state = "starting";
    private int _restarts;

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
        Launch();
        _watching = WatchAsync();
        while (!await plan.AnswersAsync(cancellationToken))
        {
            if (time.GetElapsedTime(started) > deadline || _restarts >= 3)
            {
                throw new EmbeddedException(
                    $"Service {plan.Name} {(_restarts >= 3 ? "keeps ending" : $"did not answer within {deadline.TotalSeconds:0} s")}. The end of {log}:\n{Tail()}");
            }
            await Task.Delay(Look, time, cancellationToken);
        }
        _state = "running";
        changed();
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
            Signals.Terminate(process.Id);
            using var patience = new CancellationTokenSource(deadline, time);
            try
            {
                await process.WaitForExitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                process.Kill();
                await process.WaitForExitAsync(CancellationToken.None);
            }
        }
        _started = null;
        _state = "stopped";
        changed();
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
        _process = Process.Start(start)!;
        // Read by others while we go on to the next process: a value of its own, not the Process.
        _started = new Started(_process.Id, ProcessIdentity.Find(_process.Id)?.ToString());
        changed();
    }

    private async Task WatchAsync()
    {
        var pause = FirstPause;
        try
        {
            while (true)
            {
                var since = time.GetTimestamp();
                await WaitForEndAsync();
                pause = time.GetElapsedTime(since) > Healthy ? FirstPause : pause * 2 < LongestPause ? pause * 2 : LongestPause;
                _started = null;
                _state = "backoff";
                changed();
                await Task.Delay(pause * (0.75 + (Random.Shared.NextDouble() / 2)), time, _stop.Token);
                _restarts++;
                _state = "running";
                Launch();
            }
        }
        catch (OperationCanceledException)
        {
            // We were told to stop it.
        }
    }

    private async Task WaitForEndAsync()
    {
        var ended = _process!.WaitForExitAsync(_stop.Token);
        while (await Task.WhenAny(ended, Task.Delay(TimeSpan.FromSeconds(30), time, _stop.Token)) != ended)
        {
            _stop.Token.ThrowIfCancellationRequested();
            Rotate();
        }
        await ended;
    }

    // The service appends to the file it has open, so the file is emptied rather than moved away.
    private void Rotate()
    {
        var file = new FileInfo(log);
        if (file.Exists && file.Length > LogBytes)
        {
            File.Copy(log, log + ".1", overwrite: true);
            using var stream = new FileStream(log, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
            stream.SetLength(0);
        }
    }

    private string Tail() => File.Exists(log) ? string.Join('\n', File.ReadLines(log).TakeLast(12)) : "(nothing)";

    private sealed record Started(int Pid, string? Identity);
}
