using Spectre.Console;

namespace Radar.Scheduler.Cli;

/// <summary>A table for people; plain columns where nobody looks at a terminal.</summary>
internal static class TextTable
{
    public static void Write(string[] headings, IEnumerable<string[]> rows)
    {
        if (Console.IsOutputRedirected)
        {
            Console.WriteLine(string.Join('\t', headings));
            foreach (var row in rows)
            {
                Console.WriteLine(string.Join('\t', row));
            }
            return;
        }
        var table = new Table().Border(TableBorder.Simple);
        table.AddColumns(headings);
        foreach (var row in rows)
        {
            table.AddRow([.. row.Select(Colour)]);
        }
        AnsiConsole.Write(table);
    }

    private static string Colour(string cell)
    {
        var text = Markup.Escape(cell);
        return cell switch
        {
            "running" or "succeeded" or "up" or "ok" => $"[green]{text}[/]",
            "failed" or "backoff" or "dead" or "FAULT" => $"[red]{text}[/]",
            "starting" or "stopping" or "paused" or "waiting" or "cancelling" => $"[yellow]{text}[/]",
            _ => text,
        };
    }
}
