namespace Radar.Scheduler.Cli.DeadLetters;

/// <summary>One call of replay: what it sent back, and what not.</summary>
internal sealed class ReplayRound(DeadLetterTopic topic, ReplayBook book, bool again, byte[]? instead) : IDisposable
{
    private readonly DeadLetterSender _sender = topic.Sender();

    /// <summary>The broker has so many.</summary>
    public long Sent { get; private set; }

    /// <summary>So many had been sent back before.</summary>
    public long Before { get; private set; }

    /// <summary>So many could not be; each was told on standard error.</summary>
    public long Failed { get; private set; }

    /// <summary>Sends some back, together; each at most once.</summary>
    public async Task SendAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellationToken)
    {
        var ours = await book.BeginAsync(letters, again, cancellationToken);
        Before += letters.DistinctBy(letter => (letter.Origin, letter.Timestamp)).Count() - ours.Count;
        var (sent, failed) = (new List<DeadLetter>(), new List<DeadLetter>());
        // Together what is here; what its origin has to be asked for is large and goes one by one.
        foreach (var (letter, sending) in ours.Where(letter => letter.IsWhole).Select(letter => (letter, OneAsync(letter, cancellationToken))).ToList())
        {
            await EndAsync(letter, sending);
        }
        foreach (var letter in ours.Where(letter => !letter.IsWhole))
        {
            await EndAsync(letter, OneAsync(letter, cancellationToken));
        }
        await book.EndAsync(sent, CancellationToken.None);
        await book.ForgetAsync(failed, CancellationToken.None);
        (Sent, Failed) = (Sent + sent.Count, Failed + failed.Count);

        async Task EndAsync(DeadLetter letter, Task sending)
        {
            try
            {
                await sending;
                sent.Add(letter);
            }
            catch (Exception ex) when (ex is BrokerException or InvalidOperationException)
            {
                failed.Add(letter);
                await Console.Error.WriteLineAsync(ex.Message);
            }
        }
    }

    public void Dispose() => _sender.Dispose();

    private async Task OneAsync(DeadLetter letter, CancellationToken cancellationToken) =>
        await _sender.SendAsync(letter, instead ?? topic.Whole(letter, cancellationToken), cancellationToken);
}
