namespace Radar.Scheduler.Cli.DeadLetters;

/// <summary>One call of replay: what it sent back, and what not.</summary>
/// <param name="book">Where it is written down.</param>
/// <param name="send">Sends one back; done when the broker has it.</param>
/// <param name="again">Also those that were sent back before.</param>
internal sealed class ReplayRound(ReplayBook book, Func<DeadLetter, CancellationToken, Task> send, bool again)
{
    /// <summary>The broker has so many.</summary>
    public long Sent { get; private set; }

    /// <summary>So many had been sent back before.</summary>
    public long Before { get; private set; }

    /// <summary>So many could not be; each was told on standard error.</summary>
    public long Failed { get; private set; }

    /// <summary>So many the broker may have or not; each was told on standard error.</summary>
    public long Undecided { get; private set; }

    /// <summary>Sends some back, together; each at most once.</summary>
    public async Task SendAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellationToken)
    {
        var ours = await book.BeginAsync(letters, again, cancellationToken);
        Before += letters.DistinctBy(letter => (letter.Origin, letter.Timestamp)).Count() - ours.Count;
        var sent = new List<DeadLetter>();
        // Together what is here; what its origin has to be asked for is large and goes one by one.
        foreach (var (one, sending) in ours.Where(one => one.Letter.IsWhole).Select(one => (one, send(one.Letter, cancellationToken))).ToList())
        {
            await EndAsync(one, sending);
        }
        foreach (var one in ours.Where(one => !one.Letter.IsWhole))
        {
            await EndAsync(one, send(one.Letter, cancellationToken));
        }
        await book.EndAsync(sent, CancellationToken.None);
        Sent += sent.Count;

        async Task EndAsync((DeadLetter Letter, Replay? Before) one, Task sending)
        {
            try
            {
                await sending;
                sent.Add(one.Letter);
            }
            catch (BrokerException unanswered) when (unanswered.MayHaveTaken)
            {
                // It stays written down as cut off: a second replay does not send it.
                Undecided++;
                await Console.Error.WriteLineAsync(unanswered.Message);
            }
            catch (Exception ex) when (ex is BrokerException or InvalidOperationException)
            {
                Failed++;
                await Console.Error.WriteLineAsync(ex.Message);
                await book.TakeBackAsync(one.Letter, one.Before, CancellationToken.None);
            }
        }
    }
}
