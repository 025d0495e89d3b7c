namespace Radar.Jobs.Workflows;

/// <summary>Finds the name that was probably meant.</summary>
public static class Nearest
{
    /// <summary><c> Did you mean 'x'?</c> with a leading space, or nothing when no name is near.</summary>
    public static string Suggest(string asked, IEnumerable<string> names)
    {
        var best = names
            .Select(name => (name, distance: Distance(asked, name)))
            .Where(c => c.distance <= Math.Max(2, asked.Length / 3))
            .OrderBy(c => c.distance)
            .Select(c => c.name)
            .FirstOrDefault();
        return best is null ? "" : $" Did you mean '{best}'?";
    }

    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var above = row[j];
                var change = char.ToLowerInvariant(a[i - 1]) == char.ToLowerInvariant(b[j - 1]) ? 0 : 1;
                row[j] = Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + change);
                diagonal = above;
            }
        }

        return row[b.Length];
    }
}
