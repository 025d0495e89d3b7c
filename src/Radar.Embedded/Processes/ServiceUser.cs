using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Radar.Embedded.Processes;

/// <summary>The user that services run as when we are root: PostgreSQL refuses root.</summary>
internal sealed partial record ServiceUser(string Name, int UserId, int GroupId)
{
    private static readonly string[] Preferred = ["postgres", "nobody", "daemon"];

    /// <summary>The user to drop to, or null when we are not root.</summary>
    /// <exception cref="InvalidOperationException">We are root and the machine has none of the users we know.</exception>
    public static ServiceUser? Find()
    {
        if (EffectiveUserId() != 0)
        {
            return null;
        }
        var users = File.ReadLines("/etc/passwd").Select(line => line.Split(':')).Where(fields => fields.Length > 3)
            .ToDictionary(fields => fields[0], fields => fields, StringComparer.Ordinal);
        var name = Preferred.FirstOrDefault(users.ContainsKey)
            ?? throw new InvalidOperationException(
                $"PostgreSQL refuses to run as root, and /etc/passwd has none of {string.Join(", ", Preferred)} to run it as: run ./radar as another user, or add one of them.");
        return new ServiceUser(
            name, int.Parse(users[name][2], CultureInfo.InvariantCulture), int.Parse(users[name][3], CultureInfo.InvariantCulture));
    }

    /// <summary>What goes before a command so that it runs as the user.</summary>
    public static IEnumerable<string> Prefix(ServiceUser? user) => user is null
        ? []
        : ["setpriv", string.Create(CultureInfo.InvariantCulture, $"--reuid={user.UserId}"),
           string.Create(CultureInfo.InvariantCulture, $"--regid={user.GroupId}"), "--clear-groups"];

    /// <summary>Whether the user can do what a shell test says, e.g. <c>-x FILE</c>.</summary>
    public static async Task<bool> CanAsync(ServiceUser? user, string test, string path, CancellationToken cancellationToken) =>
        (await RunAsync(user, ["test", test, path], cancellationToken)).ExitCode == 0;

    /// <summary>Runs a command as the user and returns its exit code and all it said.</summary>
    public static async Task<(int ExitCode, string Output)> RunAsync(
        ServiceUser? user, IEnumerable<string> command, CancellationToken cancellationToken)
    {
        string[] line = [.. Prefix(user), .. command];
        var start = new ProcessStartInfo(line[0]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in line.Skip(1))
        {
            start.ArgumentList.Add(argument);
        }
        // A folder the user may not enter would make some programs fail at once.
        start.WorkingDirectory = "/";
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var errors = process.StandardError.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return (process.ExitCode, await output + await errors);
    }

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint EffectiveUserId();
}
