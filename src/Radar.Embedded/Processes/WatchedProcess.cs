using System.Diagnostics;

namespace Radar.Embedded.Processes;

/// <summary>
/// A foreign program (PostgreSQL, a JVM) that ends when we do, even by kill -9: a small shell beside it reads a pipe whose other end is
/// ours, and sends the program its stop signal at the pipe's end. The program keeps the pid we see.
/// </summary>
internal sealed class WatchedProcess : IDisposable
{
    // $1 is the signal, $2 the log; the rest is the program. exec keeps the pid, so $$ is the program's pid in the reader too. Once the
    // program is gone the reader has another parent, and $$ may be somebody else's pid.
    private const string Script = """
        exec 3<&0
        (read -r _ <&3; read -r _ _ _ parent _ </proc/self/stat; [ "$parent" = $$ ] && kill -s "$1" $$) >/dev/null 2>&1 &
        exec 3<&-
        log=$2
        shift 2
        exec "$@" </dev/null >>"$log" 2>&1
        """;

    private readonly Process _process;
    private readonly CancellationTokenSource _ended = new();

    private WatchedProcess(Process process) => _process = process;

    /// <summary>Process id of the program.</summary>
    public int Pid => _process.Id;

    /// <summary>Whether it ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>Its exit code, once it ended.</summary>
    public int ExitCode => _process.ExitCode;

    /// <summary>Starts a program.</summary>
    /// <param name="user">Whose rights it runs with; null: ours.</param>
    /// <param name="stopSignal">What makes it stop in order, e.g. INT.</param>
    /// <param name="log">Where its output is appended.</param>
    /// <param name="command">Program and arguments.</param>
    public static WatchedProcess Start(ServiceUser? user, string stopSignal, string log, params IEnumerable<string> command)
    {
        var start = new ProcessStartInfo("setsid") { RedirectStandardInput = true };
        foreach (var argument in (string[])[.. ServiceUser.Prefix(user), "sh", "-c", Script, "sh", stopSignal, log, .. command])
        {
            start.ArgumentList.Add(argument);
        }
        return new WatchedProcess(Process.Start(start)!);
    }

    /// <summary>Keeps its log from growing without end for as long as this lives.</summary>
    public void KeepBounded(string log, TimeProvider time) => _ = LogFile.KeepBoundedAsync(log, time, _ended.Token);

    /// <summary>Asks it to stop, waits, and kills it when the deadline passes.</summary>
    public async Task StopAsync(TimeSpan deadline, TimeProvider time)
    {
        if (!_process.HasExited)
        {
            _process.StandardInput.Close();
            using var patience = new CancellationTokenSource(deadline, time);
            try
            {
                await _process.WaitForExitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                _process.Kill();
                await _process.WaitForExitAsync(CancellationToken.None);
            }
        }
    }

    /// <summary>Ends when the program does.</summary>
    public Task WaitForExitAsync(CancellationToken cancellationToken) => _process.WaitForExitAsync(cancellationToken);

    /// <inheritdoc/>
    public void Dispose()
    {
        _ended.Cancel();
        _ended.Dispose();
        _process.Dispose();
    }
}
