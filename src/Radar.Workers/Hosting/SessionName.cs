using System.Security.Cryptography;

namespace Radar.Workers.Hosting;

/// <summary>
/// How this process calls its sessions in <c>pg_stat_activity</c>: who it is, its pid, and a word of its own. Containers have their own pids, so the pid alone
/// may be that of another process of the same name, whose sessions a takeover has to end and its own not.
/// </summary>
internal static class SessionName
{
    private static readonly string Word = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4));

    /// <summary>The name for a lease's holder.</summary>
    /// <param name="lease">The lease: a worker's id, or agent/ and an agent's name.</param>
    public static string Of(string lease) => $"{lease} #{Environment.ProcessId}.{Word}";
}
