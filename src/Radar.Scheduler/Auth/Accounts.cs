using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Identity;
using Npgsql;

namespace Radar.Scheduler.Auth;

/// <summary>Users and tokens in PostgreSQL, kept as hashes.</summary>
internal sealed partial class Accounts(NpgsqlDataSource database, IConfiguration configuration, ILogger<Accounts> logger)
{
    /// <summary>The first user.</summary>
    public const string Operator = "operator";

    private static readonly PasswordHasher<string> Hasher = new();

    /// <summary>
    /// What tells this system from others: known once prepared, and the same for as long as its database lives. Browsers do not part cookies by
    /// port, so that two systems of one host would overwrite each other's.
    /// </summary>
    public string SystemName { get; private set; } = "";

    /// <summary>
    /// Makes the operator at the first start, and the command line's token known. A later start with another password in the settings changes the
    /// operator's, which ends the sessions that were opened with the old one.
    /// </summary>
    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        var given = configuration["Radar:Auth:OperatorPassword"];
        if (await HashAsync(Operator, cancellationToken) is { } known)
        {
            if (!string.IsNullOrEmpty(given) && Hasher.VerifyHashedPassword(Operator, known, given) == PasswordVerificationResult.Failed)
            {
                await using var change = database.CreateCommand("UPDATE radar.users SET password_hash = $2 WHERE name = $1 AND password_hash = $3");
                change.Parameters.AddWithValue(Operator);
                change.Parameters.AddWithValue(Hasher.HashPassword(Operator, given));
                change.Parameters.AddWithValue(known);
                if (await change.ExecuteNonQueryAsync(cancellationToken) == 1)
                {
                    await AuditAsync("settings", "change password", Operator, cancellationToken);
                    LogChangedPassword(Operator);
                }
            }
        }
        else
        {
            var password = string.IsNullOrEmpty(given) ? RandomNumberGenerator.GetString("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789", 12) : given;
            await using var insert = database.CreateCommand("INSERT INTO radar.users (name, password_hash) VALUES ($1, $2) ON CONFLICT DO NOTHING");
            insert.Parameters.AddWithValue(Operator);
            insert.Parameters.AddWithValue(Hasher.HashPassword(Operator, password));
            if (await insert.ExecuteNonQueryAsync(cancellationToken) == 1 && string.IsNullOrEmpty(given))
            {
                LogFirstPassword(Operator, password);
            }
        }
        if (configuration["Radar:Auth:ApiToken"] is { Length: > 0 } token)
        {
            await using var insert = database.CreateCommand(
                "INSERT INTO radar.api_tokens (sha256, name) VALUES ($1, 'command line') ON CONFLICT (name) DO UPDATE SET sha256 = excluded.sha256");
            insert.Parameters.AddWithValue(Digest(token));
            await insert.ExecuteNonQueryAsync(cancellationToken);
        }
        await using var first = database.CreateCommand("SELECT created_at FROM radar.users WHERE name = $1");
        first.Parameters.AddWithValue(Operator);
        var made = (DateTime)(await first.ExecuteScalarAsync(cancellationToken))!;
        SystemName = Convert.ToHexStringLower(SHA256.HashData(BitConverter.GetBytes(made.Ticks)))[..12];
    }

    /// <summary>The stamp of a session that name and password open, or null when they do not belong together.</summary>
    public async Task<string?> LogInAsync(string name, string password, CancellationToken cancellationToken) =>
        await HashAsync(name, cancellationToken) is { } hash && Hasher.VerifyHashedPassword(name, hash, password) != PasswordVerificationResult.Failed
            ? SessionStamp.Of(hash)
            : null;

    /// <summary>Name of a token, or null when it is not known.</summary>
    public async Task<string?> TokenNameAsync(string token, CancellationToken cancellationToken)
    {
        await using var find = database.CreateCommand("SELECT name FROM radar.api_tokens WHERE sha256 = $1");
        find.Parameters.AddWithValue(Digest(token));
        return await find.ExecuteScalarAsync(cancellationToken) as string;
    }

    /// <summary>Notes who did what.</summary>
    public async Task AuditAsync(string who, string action, string target, CancellationToken cancellationToken)
    {
        await using var insert = database.CreateCommand("INSERT INTO radar.audit (who, action, object) VALUES ($1, $2, $3)");
        insert.Parameters.AddWithValue(who);
        insert.Parameters.AddWithValue(action);
        insert.Parameters.AddWithValue(target);
        await insert.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task<string?> HashAsync(string name, CancellationToken cancellationToken)
    {
        await using var find = database.CreateCommand("SELECT password_hash FROM radar.users WHERE name = $1");
        find.Parameters.AddWithValue(name);
        return await find.ExecuteScalarAsync(cancellationToken) as string;
    }

    // Tokens are long and random: a plain digest is enough, and it can be looked up.
    private static byte[] Digest(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));

    [LoggerMessage(LogLevel.Warning, "The password of {User} is the one of Radar:Auth:OperatorPassword now; sessions opened with the old one have ended")]
    private partial void LogChangedPassword(string user);

    [LoggerMessage(LogLevel.Warning, "First start: log in as {User} with the password {Password} (said only once)")]
    private partial void LogFirstPassword(string user, string password);
}
