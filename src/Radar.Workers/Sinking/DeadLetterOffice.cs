using Confluent.Kafka;
using Radar.Market.Topics;

namespace Radar.Workers.Sinking;

/// <summary>Puts records aside into the topic of dead letters, and is done only when the broker has them.</summary>
internal sealed class DeadLetterOffice : IDisposable
{
    private const int AtOnce = 1_000;
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);
    private readonly string _topic;
    private readonly TimeProvider _time;
    private readonly Lazy<IProducer<byte[], byte[]?>> _producer;

    public DeadLetterOffice(string bootstrapServers, string topic, TimeProvider time)
    {
        (_topic, _time) = (topic, time);
        _producer = new Lazy<IProducer<byte[], byte[]?>>(() => new ProducerBuilder<byte[], byte[]?>(new ProducerConfig
        {
            BootstrapServers = bootstrapServers,
            ClientId = "radar-dead-letters",
            EnableIdempotence = true,
            Acks = Acks.All,
            LingerMs = 5,
            MessageTimeoutMs = 30_000,
            MessageMaxBytes = 1_000_000,
            QueueBufferingMaxKbytes = 64 * 1024,
            SocketConnectionSetupTimeoutMs = 5_000,
            ReconnectBackoffMaxMs = 1_000,
        })
        .SetErrorHandler((_, _) => { })
        .SetLogHandler((_, _) => { })
        .Build());
    }

    /// <summary>Delivers dead letters; tries for as long as it is not stopped.</summary>
    /// <param name="letters">What to deliver.</param>
    /// <param name="waiting">Told why it waits.</param>
    /// <param name="cancellationToken">Gives up; some may have been delivered.</param>
    public async Task DeliverAsync(IReadOnlyCollection<DeadLetter> letters, Action<string> waiting, CancellationToken cancellationToken)
    {
        foreach (var some in letters.Chunk(AtOnce))
        {
            IReadOnlyList<DeadLetter> left = some;
            while (left.Count > 0)
            {
                left = await TryAsync(left, waiting, cancellationToken).ConfigureAwait(false);
                if (left.Count > 0)
                {
                    await Task.Delay(Retry, _time, cancellationToken).ConfigureAwait(false);
                }
            }
        }
    }

    public void Dispose()
    {
        if (_producer.IsValueCreated)
        {
            var producer = _producer.Value;
            Task.Run(producer.Dispose).Wait(TimeSpan.FromMilliseconds(700)); // Whatever matters has been delivered.
        }
    }

    private async Task<IReadOnlyList<DeadLetter>> TryAsync(IReadOnlyList<DeadLetter> letters, Action<string> waiting, CancellationToken cancellationToken)
    {
        var tried = letters.Select(letter => (letter, Delivery: ProduceAsync(letter, cancellationToken))).ToList();
        var left = new List<DeadLetter>();
        foreach (var (letter, delivery) in tried)
        {
            try
            {
                try
                {
                    await delivery.ConfigureAwait(false);
                }
                catch (KafkaException large) when (large.Error.Code == ErrorCode.MsgSizeTooLarge)
                {
                    // Its topic takes less than it may have. Alone too: together they may be more than each is.
                    await ProduceAsync(letter.Cut(), cancellationToken).ConfigureAwait(false);
                }
            }
            catch (KafkaException refused)
            {
                left.Add(letter);
                waiting($"the broker does not take dead letters ({refused.Error.Reason})");
            }
        }
        return left;
    }

    private Task ProduceAsync(DeadLetter letter, CancellationToken cancellationToken)
    {
        try
        {
            return _producer.Value.ProduceAsync(_topic, letter.ToMessage(), cancellationToken);
        }
        catch (KafkaException full)
        {
            return Task.FromException(full);
        }
    }
}
