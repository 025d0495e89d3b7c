using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Radar.Embedded.Processes;

/// <summary>The frame of a service's process: it runs until SIGTERM or Ctrl-C, until the service ends, or until the launcher is gone.</summary>
internal static class ServiceHost
{
    /// <summary>How long a service waits for those that use it before it stops without them, once the launcher is gone.</summary>
    private static readonly TimeSpan UsersDeadline = TimeSpan.FromSeconds(25);

    /// <summary>Runs a service.</summary>
    /// <param name="state">State folder, where system.json tells who uses the service.</param>
    /// <param name="users">Services that must be gone first when the launcher died.</param>
    /// <param name="run">Starts the service and ends, stopping it, when the token does. It may end earlier when the service dies.</param>
    /// <param name="time">Clock.</param>
    public static async Task<int> RunAsync(string state, string[] users, Func<CancellationToken, Task<int>> run, TimeProvider time)
    {
        using var stop = new CancellationTokenSource();
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        Lifeline.Watch(() =>
        {
            WaitForUsers(state, users, time);
            stop.Cancel();
        });
        try
        {
            return await run(stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return 0;
        }
        catch (EmbeddedException ex)
        {
            await Console.Error.WriteLineAsync(ex.Message);
            return 1;
        }

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true; // We stop in order ourselves.
            stop.Cancel();
        }
    }

    private static void WaitForUsers(string state, string[] users, TimeProvider time)
    {
        var since = time.GetTimestamp();
        while (time.GetElapsedTime(since) < UsersDeadline && users.Any(user => IsAlive(state, user)))
        {
            Task.Delay(TimeSpan.FromMilliseconds(100), time, CancellationToken.None).GetAwaiter().GetResult();
        }
    }

    private static bool IsAlive(string state, string service)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(state, "system.json")));
            foreach (var entry in document.RootElement.GetProperty("services").EnumerateArray())
            {
                if (entry.GetProperty("name").GetString() == service && entry.GetProperty("process").GetString() is { } process)
                {
                    return ProcessIdentity.Parse(process)?.IsAlive ?? false;
                }
            }
        }
        catch (Exception ex) when (ex is IOException or JsonException or KeyNotFoundException)
        {
            BestEffort.Complain(string.Create(CultureInfo.InvariantCulture, $"system.json tells nothing of {service}: {ex.Message}"));
        }
        return false;
    }
}
