using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Npgsql;

namespace Radar.Scheduler.Auth;

/// <summary>
/// A session belongs to the password it was opened with: its cookie carries a stamp of the password's hash, and ends once that is another.
/// The hash is looked at every few seconds, not with every request; while PostgreSQL is away sessions stay as they are.
/// </summary>
internal sealed class SessionStamp(NpgsqlDataSource database, TimeProvider time)
{
    /// <summary>The claim that carries it.</summary>
    public const string Claim = "radar:stamp";

    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(5);
    private readonly ConcurrentDictionary<string, (string? Stamp, long At)> _known = new(StringComparer.Ordinal);

    /// <summary>The stamp of a hash. It tells nothing of the password, and little of the hash.</summary>
    public static string Of(string passwordHash) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(passwordHash)).AsSpan(0, 16));

    /// <summary>Ends the session whose user or password is gone.</summary>
    public async Task ValidateAsync(CookieValidatePrincipalContext context)
    {
        var user = context.Principal?.Identity?.Name ?? "";
        var carried = context.Principal?.FindFirst(Claim)?.Value;
        try
        {
            if (carried is null || carried != await CurrentAsync(user, context.HttpContext.RequestAborted))
            {
                context.RejectPrincipal();
                await context.HttpContext.SignOutAsync(CookieAuthenticationDefaults.AuthenticationScheme);
            }
        }
        catch (NpgsqlException)
        {
            // Nothing is changed without PostgreSQL anyway.
        }
    }

    private async Task<string?> CurrentAsync(string user, CancellationToken cancellationToken)
    {
        if (_known.TryGetValue(user, out var known) && time.GetElapsedTime(known.At) < Fresh)
        {
            return known.Stamp;
        }
        await using var find = database.CreateCommand("SELECT password_hash FROM radar.users WHERE name = $1");
        find.Parameters.AddWithValue(user);
        var stamp = await find.ExecuteScalarAsync(cancellationToken) is string hash ? Of(hash) : null;
        _known[user] = (stamp, time.GetTimestamp());
        return stamp;
    }
}
