using System.CommandLine;
using System.Globalization;
using System.Text;

namespace Radar.Scheduler.Cli.DeadLetters;

/// <summary><c>radar dead-letters show ID</c>.</summary>
internal static class ShowCommand
{
    private const int HexLine = 16;
    private const int MostShown = 64 * 1024;

    public static Command Create()
    {
        var id = new Argument<string>("id") { Description = "Where it came from, as list says: TOPIC/PARTITION/OFFSET" };
        var raw = new Option<bool>("--raw") { Description = "Only its bytes, as they came" };
        return Verb.Create("show", "One dead letter, with its bytes", [id, DeadLettersCommand.Topic, raw], async (parse, system, token) =>
        {
            var topic = DeadLettersCommand.Open(parse, system);
            var letter = topic.Read(new ReadProgress("dead letters read").Tell, token).LastOrDefault(one => one.Origin == parse.GetRequiredValue(id))
                ?? throw new OperatorException($"There is no dead letter {parse.GetRequiredValue(id)}: ./radar dead-letters list shows their ids.");
            if (parse.GetValue(raw))
            {
                await using var output = Console.OpenStandardOutput();
                await output.WriteAsync(topic.Whole(letter, token) ?? [], token);
                return 0;
            }
            await using var database = system.Database();
            var replay = await new ReplayBook(database).FindAsync(letter, token);
            Console.WriteLine($"""
                origin    {letter.Topic}, partition {letter.Partition}, offset {letter.Offset}
                time      {ListCommand.Time(letter)} UTC
                reason    {letter.Reason}
                sink      {letter.Worker}
                length    {letter.Length.ToString("N0", CultureInfo.InvariantCulture)} bytes{(letter.IsWhole ? "" : $", the first {DeadLetter.KeptOfLonger / 1024} KB are kept here; --raw asks the origin for all")}
                sha-256   {letter.Sha256}
                replayed  {replay?.ToString() ?? "no"}

                """);
            Write(letter.Value);
            return 0;
        }, spoken: "dead-letters show");
    }

    private static void Write(byte[]? value)
    {
        if (value is null or [])
        {
            Console.WriteLine(value is null ? "(no value)" : "(empty)");
            return;
        }
        var shown = value.AsSpan(0, Math.Min(value.Length, MostShown));
        try
        {
            var text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(shown);
            if (!text.Any(letter => char.IsControl(letter) && letter is not ('\n' or '\r' or '\t')))
            {
                Console.WriteLine(text);
                return;
            }
        }
        catch (DecoderFallbackException)
        {
        }
        for (var at = 0; at < shown.Length; at += HexLine)
        {
            var line = shown.Slice(at, Math.Min(HexLine, shown.Length - at));
            var letters = new StringBuilder();
            foreach (var one in line)
            {
                letters.Append(one is >= 0x20 and < 0x7f ? (char)one : '.');
            }
            Console.WriteLine($"{at:x8}  {Convert.ToHexStringLower(line),-2 * HexLine}  {letters}");
        }
    }
}
