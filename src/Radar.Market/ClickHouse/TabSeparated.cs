using System.Text;

namespace Radar.Market.ClickHouse;

/// <summary>Reads results in ClickHouse's TabSeparated.</summary>
internal static class TabSeparated
{
    /// <summary>The rows of a result; NULL becomes null.</summary>
    public static IReadOnlyList<IReadOnlyList<string?>> Read(string text)
    {
        var rows = new List<IReadOnlyList<string?>>();
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            rows.Add(Array.ConvertAll(line.ToString().Split('\t'), Unescape));
        }
        rows.RemoveAt(rows.Count - 1); // What follows the last line's end: nothing.
        return rows;
    }

    private static string? Unescape(string field)
    {
        if (!field.Contains('\\', StringComparison.Ordinal))
        {
            return field;
        }
        if (field == @"\N")
        {
            return null;
        }
        var text = new StringBuilder(field.Length);
        for (var i = 0; i < field.Length; i++)
        {
            text.Append(field[i] != '\\' || i + 1 == field.Length ? field[i] : field[++i] switch
            {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                'b' => '\b',
                'f' => '\f',
                '0' => '\0',
                var other => other,
            });
        }
        return text.ToString();
    }
}
