using System.CommandLine;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Radar.Scheduler.Cli.DeadLetters;

/// <summary><c>radar dead-letters list</c>.</summary>
internal static class ListCommand
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Command Create()
    {
        var lines = new Option<int>("--lines", "-n") { DefaultValueFactory = _ => 50, Description = "How many of the newest" };
        var json = new Option<bool>("--json") { Description = "As JSON" };
        return Verb.Create("list", "Where dead letters came from, and why", [DeadLettersCommand.Topic, lines, json], async (parse, system, token) =>
        {
            var newest = new Queue<DeadLetter>();
            var reasons = new Dictionary<string, long>(StringComparer.Ordinal);
            foreach (var letter in DeadLettersCommand.Open(parse, system).Read(new ReadProgress("dead letters read").Tell, token))
            {
                newest.Enqueue(letter);
                if (newest.Count > Math.Max(0, parse.GetValue(lines)))
                {
                    newest.Dequeue();
                }
                reasons[letter.Reason] = reasons.GetValueOrDefault(letter.Reason) + 1;
            }
            await using var database = system.Database();
            var book = new ReplayBook(database);
            var shown = new List<(DeadLetter Letter, Replay? Replay)>();
            foreach (var letter in newest.Reverse())
            {
                shown.Add((letter, await book.FindAsync(letter, token)));
            }
            if (parse.GetValue(json))
            {
                Console.WriteLine(JsonSerializer.Serialize(shown.Select(one => new
                {
                    id = one.Letter.Origin, time = Time(one.Letter), worker = one.Letter.Worker, length = one.Letter.Length, whole = one.Letter.IsWhole,
                    sha256 = one.Letter.Sha256, reason = one.Letter.Reason, replayed = one.Replay?.At, sent = one.Replay?.IsSent,
                }), Json));
                return 0;
            }
            Write(shown, reasons);
            return 0;
        }, spoken: "dead-letters list");
    }

    /// <summary>When the record was made, UTC.</summary>
    public static string Time(DeadLetter letter) =>
        DateTimeOffset.FromUnixTimeMilliseconds(letter.Timestamp).ToString("yyyy-MM-dd HH:mm:ss.fff", CultureInfo.InvariantCulture);

    private static void Write(List<(DeadLetter Letter, Replay? Replay)> shown, Dictionary<string, long> reasons)
    {
        var all = reasons.Values.Sum();
        if (all == 0)
        {
            Console.WriteLine("No dead letters: every record that came was stored.");
            return;
        }
        TextTable.Write(
            ["id", "time (UTC)", "sink", "bytes", "replayed", "reason"],
            shown.Select(one => (string[])
            [
                one.Letter.Origin, Time(one.Letter), one.Letter.Worker, one.Letter.Length.ToString("N0", CultureInfo.InvariantCulture), one.Replay?.ToString() ?? "-", one.Letter.Reason,
            ]));
        if (all > shown.Count)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{all - shown.Count:N0} older ones are not shown (--lines). The commonest reasons of all:"));
            foreach (var (reason, count) in reasons.OrderByDescending(one => one.Value).ThenBy(one => one.Key, StringComparer.Ordinal).Take(10))
            {
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{count,12:N0}  {reason}"));
            }
        }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{all:N0} dead letters. Look at one: ./radar dead-letters show ID. Once the cause is gone: ./radar dead-letters replay ID... or --all"));
    }
}
