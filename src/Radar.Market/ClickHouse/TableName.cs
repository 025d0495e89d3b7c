namespace Radar.Market.ClickHouse;

/// <summary>A table and the database it lies in.</summary>
public readonly record struct TableName(string Database, string Table)
{
    /// <summary>As statements want it.</summary>
    public override string ToString() => $"{Quote(Database)}.{Quote(Table)}";

    /// <summary>A name as statements want it.</summary>
    public static string Quote(string name) => Between('`', name);

    /// <summary>A text as statements want it: old servers have no parameters.</summary>
    public static string Literal(string text) => Between('\'', text);

    private static string Between(char quote, string text) =>
        quote + text.Replace("\\", @"\\", StringComparison.Ordinal).Replace(quote.ToString(), "\\" + quote, StringComparison.Ordinal) + quote;
}
