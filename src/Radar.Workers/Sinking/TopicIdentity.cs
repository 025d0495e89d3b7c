using Radar.Market.Topics;

namespace Radar.Workers.Sinking;

/// <summary>The topic began anew: its offsets mean other records now.</summary>
internal sealed class TopicBegunAnewException(string topic) : Exception($"Topic {topic} began anew.");

/// <summary>The broker lost a partition's last records, which had been read: offsets from there on mean other records now.</summary>
internal sealed class TopicEndLostException(string topic, int partition, long end) : Exception($"Topic {topic} lost what partition {partition} had from {end} on.");

/// <summary>Which topic of a name a sink reads. Blocks of order books are named by offsets, and those of its successor are others.</summary>
/// <param name="options">Settings.</param>
/// <param name="incarnation">What the sink found at its start.</param>
/// <param name="time">Clock.</param>
internal sealed class TopicIdentity(SinkOptions options, string incarnation, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(1);
    private long _looked = time.GetTimestamp();
    private bool _isDoubted;
    private Task<string>? _looking;

    /// <summary>See <see cref="TopicIncarnation"/>.</summary>
    public string Incarnation { get; } = incarnation;

    /// <summary>Asks the broker whether it still is the same. Blocks: it is called where the client waits for an answer.</summary>
    /// <exception cref="TopicBegunAnewException">It is not.</exception>
    /// <exception cref="BrokerException">The broker does not say.</exception>
    public void EnsureSame(CancellationToken cancellationToken) =>
        Compare(TopicIncarnation.ReadAsync(options.BootstrapServers, options.Topic, cancellationToken).WaitAsync(Patience, TimeProvider.System, cancellationToken).GetAwaiter().GetResult());

    /// <summary>Something happened in which a topic may have been made anew: the next look comes soon.</summary>
    public void Doubt() => _isDoubted = true;

    /// <summary>
    /// Looks now and then whether it still is the same, without waiting for the broker: where the new topic has the offsets that are read next, nothing
    /// else would tell.
    /// </summary>
    /// <exception cref="TopicBegunAnewException">It is not.</exception>
    public void Look()
    {
        if (_looking is { IsCompleted: true } looked)
        {
            (_looking, _looked) = (null, time.GetTimestamp());
            if (looked.IsCompletedSuccessfully)
            {
                Compare(looked.Result);
            }
            else
            {
                _ = looked.Exception; // The broker is away, and may come back as another.
                _isDoubted = true;
            }
        }
        if (_looking is null && time.GetElapsedTime(_looked) >= (_isDoubted ? Soon : options.LookEvery))
        {
            _isDoubted = false;
            _looking = TopicIncarnation.ReadAsync(options.BootstrapServers, options.Topic, CancellationToken.None);
        }
    }

    private void Compare(string now)
    {
        if (now != Incarnation)
        {
            throw new TopicBegunAnewException(options.Topic);
        }
    }
}
