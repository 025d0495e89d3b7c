using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Radar.Embedded.ClickHouse;

/// <summary>Who asks: by X-ClickHouse-User and X-ClickHouse-Key, by basic authentication, or by <c>user</c> and <c>password</c> in the URL.</summary>
internal static class Credentials
{
    /// <summary>Checks them.</summary>
    /// <exception cref="ChdbException">They are not those of the settings.</exception>
    public static void Check(HttpRequest request, ClickHouseSettings settings)
    {
        var (user, password) = Read(request);
        if (!Same(user, settings.User) | !Same(password, settings.Password))
        {
            throw new ChdbException(
                516, "AUTHENTICATION_FAILED", $"{user}: Authentication failed: password is incorrect, or there is no user with such name.");
        }
    }

    private static (string User, string Password) Read(HttpRequest request)
    {
        const string Scheme = "Basic ";
        var (user, key) = (request.Headers["X-ClickHouse-User"], request.Headers["X-ClickHouse-Key"]);
        if (user.Count > 0 || key.Count > 0)
        {
            return (user is [{ Length: > 0 } name] ? name : "default", key is [{ } secret] ? secret : "");
        }
        if (request.Headers.Authorization is [{ } header] && header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            return Basic(header[Scheme.Length..]);
        }
        return (request.Query["user"] is [{ Length: > 0 } given] ? given : "default", request.Query["password"] is [{ } word] ? word : "");
    }

    private static (string User, string Password) Basic(string encoded)
    {
        try
        {
            var pair = Encoding.UTF8.GetString(Convert.FromBase64String(encoded.Trim())).Split(':', 2);
            return (pair[0].Length > 0 ? pair[0] : "default", pair.Length > 1 ? pair[1] : "");
        }
        catch (FormatException)
        {
            throw new ChdbException(516, "AUTHENTICATION_FAILED", "The header Authorization is no basic authentication.");
        }
    }

    private static bool Same(string given, string wanted) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(given), Encoding.UTF8.GetBytes(wanted));
}
