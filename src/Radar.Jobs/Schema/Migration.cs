using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Radar.Jobs.Schema;

/// <summary>One numbered SQL script of this build.</summary>
/// <param name="Number">Its place: 1, 2, 3 …</param>
/// <param name="Name">Its file name without number and extension.</param>
/// <param name="Sql">The script.</param>
public sealed record Migration(int Number, string Name, string Sql)
{
    /// <summary>SHA-256 of the script, lower-case hex: line endings do not count.</summary>
    public string Sha256 { get; } =
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Sql.ReplaceLineEndings("\n"))));

    /// <summary>The scripts embedded in this assembly, in order.</summary>
    public static IReadOnlyList<Migration> Embedded()
    {
        const string Folder = ".Schema.Migrations.";
        var assembly = typeof(Migration).Assembly;
        var found = new List<Migration>();
        foreach (var resource in assembly.GetManifestResourceNames().Where(n => n.Contains(Folder, StringComparison.Ordinal)).Order())
        {
            var file = resource[(resource.IndexOf(Folder, StringComparison.Ordinal) + Folder.Length)..^".sql".Length];
            using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
            found.Add(new(int.Parse(file[..4], CultureInfo.InvariantCulture), file[5..], reader.ReadToEnd()));
        }

        return found;
    }
}
