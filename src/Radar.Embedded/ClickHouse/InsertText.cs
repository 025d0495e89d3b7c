using System.Text;

namespace Radar.Embedded.ClickHouse;

/// <summary>How far the beginning of a request could be understood.</summary>
internal enum TextKind
{
    /// <summary>More of the text is needed to tell.</summary>
    Unknown,

    /// <summary>An insert followed by rows.</summary>
    InsertOfRows,

    /// <summary>Any other statement; the whole text belongs to it.</summary>
    Statement,
}

/// <summary>The beginning of a request: whether it is an insert, and where its rows begin.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Statement">The insert without FORMAT or VALUES.</param>
/// <param name="Format">Format of the rows; null when the text names none.</param>
/// <param name="Rows">Where rows begin, bytes from the beginning.</param>
internal readonly record struct InsertText(TextKind Kind, string Statement, string? Format, int Rows)
{
    private static readonly InsertText Other = new(TextKind.Statement, "", null, 0);
    private static readonly InsertText Cut = new(TextKind.Unknown, "", null, 0);

    /// <summary>Reads the beginning.</summary>
    /// <param name="text">What has come so far.</param>
    /// <param name="isWhole">Whether nothing more will come.</param>
    public static InsertText Read(ReadOnlySpan<byte> text, bool isWhole)
    {
        var scan = new SqlScan(text);
        var word = scan.Next();
        if (word is null || (scan.IsCut && !isWhole))
        {
            return isWhole ? Other : Cut;
        }
        if (word != "insert")
        {
            return Other;
        }

        SkipTable(ref scan);
        for (var previous = ""; ; previous = word)
        {
            word = scan.Next();
            if (scan.IsCut && !isWhole)
            {
                return Cut;
            }
            switch (word)
            {
                case null or ";" when scan.Depth == 0:
                    return new InsertText(TextKind.InsertOfRows, Until(text, scan.Start), null, word is null ? text.Length : scan.Position);
                case null:
                    return Other; // A bracket is open: the engine's parser says so better.
                case "select" or "with" when scan.Depth == 0 || previous == "(":
                    return Other;
                case "values" when scan.Depth == 0:
                    return new InsertText(TextKind.InsertOfRows, Until(text, scan.Start), "Values", scan.Position);
                case "format" when scan.Depth == 0:
                    return WithFormat(text, scan.Start, ref scan, isWhole);
                default:
                    break;
            }
        }
    }

    // INTO [TABLE] [FUNCTION] name: a table may be called as a keyword is.
    private static void SkipTable(ref SqlScan scan)
    {
        var word = scan.Next();
        if (word == "into")
        {
            word = scan.Next();
        }
        if (word is "table" or "function")
        {
            scan.Next();
        }
    }

    private static InsertText WithFormat(ReadOnlySpan<byte> text, int end, ref SqlScan scan, bool isWhole)
    {
        scan.Next();
        var (begin, rows) = (scan.Start, scan.Position);
        if (scan.IsCut && !isWhole)
        {
            return Cut;
        }
        // As ClickHouse does: blanks, then one line's end, then rows.
        while (rows < text.Length && text[rows] is (byte)' ' or (byte)'\t' or (byte)'\f')
        {
            rows++;
        }
        if (rows < text.Length && text[rows] == (byte)'\r')
        {
            rows++;
        }
        if (rows == text.Length && !isWhole)
        {
            return Cut;
        }
        if (rows < text.Length && text[rows] == (byte)'\n')
        {
            rows++;
        }
        return new InsertText(TextKind.InsertOfRows, Until(text, end), Encoding.UTF8.GetString(text[begin..scan.Position]), rows);
    }

    private static string Until(ReadOnlySpan<byte> text, int end) => Encoding.UTF8.GetString(text[..end]).TrimEnd();
}
