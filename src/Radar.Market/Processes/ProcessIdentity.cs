using System.Globalization;

namespace Radar.Market.Processes;

/// <summary>
/// Names one process for good: a pid alone is used again, a pid with its start time on a machine since its boot is not.
/// </summary>
/// <param name="Machine">Boot id of the kernel and the pid namespace, so that two containers of one host are two machines.</param>
/// <param name="Pid">Process id.</param>
/// <param name="Start">Field 22 of <c>/proc/PID/stat</c>: clock ticks from boot to the process's start.</param>
public readonly record struct ProcessIdentity(string Machine, int Pid, long Start)
{
    /// <summary>The machine we run on.</summary>
    public static string ThisMachine { get; } = ReadMachine();

    /// <summary>This process.</summary>
    public static ProcessIdentity Own { get; } = Find(Environment.ProcessId)
        ?? throw new InvalidOperationException("/proc/self/stat cannot be read; Radar needs Linux with /proc.");

    /// <summary>Whether it runs on this machine. A zombie does not count: it will never do anything.</summary>
    public bool IsAlive => Machine == ThisMachine && Find(Pid) is { } now && now.Start == Start;

    /// <summary>Whether it certainly ended: it was one of this machine's, and is there no more.</summary>
    public bool IsKnownDead => Machine == ThisMachine && !IsAlive;

    /// <summary>The process that has this pid here now, or null when there is none (or only a zombie).</summary>
    public static ProcessIdentity? Find(int pid)
    {
        string stat;
        try
        {
            stat = File.ReadAllText($"/proc/{pid.ToString(CultureInfo.InvariantCulture)}/stat");
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
        // The second field is the command in parentheses and may hold anything, spaces and parentheses too.
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return fields[0] is "Z" or "X" ? null : new ProcessIdentity(ThisMachine, pid, long.Parse(fields[19], CultureInfo.InvariantCulture));
    }

    /// <summary>Reads what <see cref="ToString"/> wrote; null when it is something else.</summary>
    public static ProcessIdentity? Parse(string? text)
    {
        var parts = text?.Split(' ');
        return parts is [var machine, var pid, var start, ..]
            && int.TryParse(pid, CultureInfo.InvariantCulture, out var id)
            && long.TryParse(start, CultureInfo.InvariantCulture, out var ticks)
            ? new ProcessIdentity(machine, id, ticks)
            : null;
    }

    /// <summary>Machine, pid and start time with spaces between.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Machine} {Pid} {Start}");

    private static string ReadMachine()
    {
        var boot = File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();
        var space = File.ResolveLinkTarget("/proc/self/ns/pid", returnFinalTarget: false)?.Name ?? "pid";
        return $"{boot}/{space}";
    }
}
