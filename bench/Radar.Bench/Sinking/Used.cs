using System.Globalization;

namespace Radar.Bench.Sinking;

/// <summary>What a process has used, as the kernel counts it.</summary>
internal static class Used
{
    private const double TicksPerSecond = 100;

    /// <summary>Seconds of processor time.</summary>
    public static double Processor(int pid)
    {
        var fields = File.ReadAllText($"/proc/{pid}/stat").Split(')')[^1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return (double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond;
    }

    /// <summary>The most memory that it ever had, in megabytes.</summary>
    public static double PeakMegabytes(int pid) => double.Parse(
        File.ReadLines($"/proc/{pid}/status").First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
        CultureInfo.InvariantCulture) / 1024;
}
