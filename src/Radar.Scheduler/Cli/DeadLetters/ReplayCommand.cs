using System.CommandLine;
using System.Globalization;

namespace Radar.Scheduler.Cli.DeadLetters;

/// <summary><c>radar dead-letters replay</c>: back to the topic, partition and time they came from, where the sink takes them like any record.</summary>
internal static class ReplayCommand
{
    private const int AtOnce = 500;

    public static Command Create()
    {
        var ids = new Argument<string[]>("id") { Arity = ArgumentArity.ZeroOrMore, Description = "Which, as list says: TOPIC/PARTITION/OFFSET" };
        var all = new Option<bool>("--all") { Description = "Every one that was not replayed yet" };
        var reason = new Option<string?>("--reason") { Description = "With --all: only those whose reason contains this" };
        var again = new Option<bool>("--again") { Description = "Also those that were replayed already" };
        var value = new Option<FileInfo?>("--value") { Description = "Send the bytes of this file instead: the record put right" };
        return Verb.Create("replay", "Send dead letters back to where they came from", [ids, all, reason, again, value, DeadLettersCommand.Topic], async (parse, system, token) =>
        {
            var wanted = parse.GetValue(ids) ?? [];
            if (wanted.Length == 0 != parse.GetValue(all))
            {
                throw new OperatorException("name the dead letters to send back, as ./radar dead-letters list shows them, or say --all.");
            }
            if (parse.GetValue(value) is { } file && (wanted.Length != 1 || !file.Exists))
            {
                throw new OperatorException(file.Exists ? "--value goes with exactly one ID." : $"--value {file}: there is no such file.");
            }
            var topic = DeadLettersCommand.Open(parse, system);
            var left = wanted.ToHashSet(StringComparer.Ordinal);
            var chosen = topic.Read(new ReadProgress("dead letters read").Tell, token).Where(letter => parse.GetValue(all)
                ? parse.GetValue(reason) is not { } part || letter.Reason.Contains(part, StringComparison.OrdinalIgnoreCase)
                : wanted.Contains(letter.Origin, StringComparer.Ordinal)).ToAsyncEnumerable();
            await using var database = system.Database();
            using var sender = topic.Sender();
            var instead = parse.GetValue(value) is { } put ? await File.ReadAllBytesAsync(put.FullName, token) : null;
            var round = new ReplayRound(
                new ReplayBook(database), async (letter, sending) => await sender.SendAsync(letter, instead ?? topic.Whole(letter, sending), sending), parse.GetValue(again));
            var progress = new ReadProgress("dead letters sent back");
            await foreach (var some in chosen.Chunk(AtOnce).WithCancellation(token))
            {
                left.ExceptWith(some.Select(letter => letter.Origin));
                await round.SendAsync(some, token);
                progress.Tell(round.Sent, round.Sent + round.Before + round.Failed + round.Undecided);
            }
            if (left.Count > 0)
            {
                throw new OperatorException($"there is no dead letter {string.Join(", ", left)}: ./radar dead-letters list shows their ids.{(round.Sent > 0 ? $" The others were sent back: {round.Sent}." : "")}");
            }
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{round.Sent:N0} sent back{(round.Before > 0 ? $", {round.Before:N0} not again (--again does)" : "")}{(round.Failed > 0 ? $", {round.Failed:N0} could not be" : "")}{(round.Undecided > 0 ? $", {round.Undecided:N0} may be back or not (--again sends them once more)" : "")}."));
            return round.Failed + round.Undecided > 0 ? 1 : 0;
        }, spoken: "dead-letters replay");
    }
}
